/**
 * TLS towards what is outside the mesh: the sidecar always knows which name to expect, and shows no certificate of its own but
 * one that files of its machine hold.
 */
import { isIP } from 'node:net';
import { UnpackError, unpack } from '../any.ts';
import { isFileName } from '../file-name.ts';
import type { TransportSocket__Output } from '../generated/envoy/config/core/v3/TransportSocket.ts';
import type { CertificateValidationContext__Output } from '../generated/envoy/extensions/transport_sockets/tls/v3/CertificateValidationContext.ts';
import type { CommonTlsContext__Output } from '../generated/envoy/extensions/transport_sockets/tls/v3/CommonTlsContext.ts';
import { messageNameOf } from '../type-urls.ts';
import type { Path, Violations } from '../violation.ts';
import { requireCertificates } from './certificates.ts';
import { requireOneOf } from './field-checks.ts';

const UPSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';

/** ALPN names that say which HTTP is spoken; none where bytes are carried. */
const ALPN_PROTOCOLS: readonly string[] = ['h2', 'http/1.1'];

/**
 * Checks a transport socket that originates TLS, and answers whether it is one: its roots and names stand in
 * `validation_context`, where those of the mesh come by SDS.
 */
export function checkOrigination(socket: TransportSocket__Output, at: Path, violations: Violations): boolean {
  const message = upstreamTlsOf(socket);
  const context = message?.common_tls_context ?? null;
  const expected = context?.validation_context ?? null;
  if (message === null || context === null || expected === null) return false;
  const configAt = at.field('typed_config');
  if (!isDnsName(message.sni)) violations.add(configAt.field('sni'), 'must be the name of a host');
  const contextAt = configAt.field('common_tls_context');
  checkParameters(context, contextAt, violations);
  checkExpected(expected, contextAt.field('validation_context'), violations);
  return true;
}

/** What cannot be decoded is reported by whoever checks sockets of the mesh. */
function upstreamTlsOf({ typed_config: config }: TransportSocket__Output) {
  if (!config || messageNameOf(config.type_url) !== UPSTREAM_TLS) return null;
  try {
    const { name, message } = unpack(config);
    return name === UPSTREAM_TLS ? message : null;
  } catch (error) {
    if (error instanceof UnpackError) return null;
    throw error;
  }
}

function checkParameters(context: CommonTlsContext__Output, at: Path, violations: Violations): void {
  const { tls_minimum_protocol_version: minimum = 'TLS_AUTO', tls_maximum_protocol_version: maximum = 'TLS_AUTO' } =
    context.tls_params ?? {};
  const paramsAt = at.field('tls_params');
  const versions = ['TLS_AUTO', 'TLSv1_2', 'TLSv1_3'] as const;
  requireOneOf(minimum, versions, paramsAt.field('tls_minimum_protocol_version'), violations);
  requireOneOf(maximum, versions, paramsAt.field('tls_maximum_protocol_version'), violations);
  if (minimum === 'TLSv1_3' && maximum === 'TLSv1_2') violations.add(paramsAt, 'leaves no version');
  for (const [index, name] of context.alpn_protocols.entries()) {
    if (!ALPN_PROTOCOLS.includes(name)) {
      violations.add(at.field('alpn_protocols').index(index), `must be one of ${ALPN_PROTOCOLS.join(', ')}`);
    }
  }
  checkShown(context, at.field('tls_certificates'), violations);
  if (context.tls_certificate_sds_secret_configs.length > 0) {
    violations.add(
      at.field('tls_certificate_sds_secret_configs'),
      'the identity of the mesh is not shown outside of it',
    );
  }
}

/** Files only: a key that travels inside a resource would stand in every snapshot of it. */
function checkShown(
  { tls_certificates: certificates }: CommonTlsContext__Output,
  at: Path,
  violations: Violations,
): void {
  if (certificates.length > 1) violations.add(at, `must be one, and is ${certificates.length}`);
  for (const [index, { certificate_chain: chain, private_key: key }] of certificates.entries()) {
    const certificateAt = at.index(index);
    if (!isFileName(chain?.filename)) violations.add(certificateAt.field('certificate_chain'), fileWanted);
    if (!isFileName(key?.filename)) violations.add(certificateAt.field('private_key'), fileWanted);
  }
}

const fileWanted = 'must be the absolute name of a file';

function checkExpected(context: CertificateValidationContext__Output, at: Path, violations: Violations): void {
  if (context.trusted_ca) requireCertificates(context.trusted_ca, at.field('trusted_ca'), violations);
  else if (context.system_root_certs === null) violations.add(at, 'needs trusted_ca or system_root_certs');
  const namesAt = at.field('match_typed_subject_alt_names');
  if (context.match_typed_subject_alt_names.length === 0) violations.add(namesAt, 'is required');
  for (const [index, { san_type: type, matcher }] of context.match_typed_subject_alt_names.entries()) {
    const nameAt = namesAt.index(index);
    requireOneOf(type, ['DNS', 'URI'], nameAt.field('san_type'), violations);
    const exact = matcher?.exact ?? '';
    const isName = type === 'URI' ? /^[a-z][a-z0-9+.-]*:\/\/[!-~]+$/.test(exact) : isDnsName(exact);
    if (!isName) violations.add(nameAt.field('matcher'), 'must be exact, and a whole name');
  }
}

function isDnsName(text: string): boolean {
  return (
    text.length <= 253 &&
    isIP(text) === 0 &&
    /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)
  );
}
