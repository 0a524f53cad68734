/**
 * How a connection is secured. The sidecar speaks TLS 1.3 or, where a cluster or filter chain says so, plaintext; in TLS it
 * always knows whom it expects, and its own certificate is one that it already has.
 */

import { RAW_BUFFER_TRANSPORT_SOCKET } from '../extension-names.ts';
import type { TransportSocket__Output } from '../generated/envoy/config/core/v3/TransportSocket.ts';
import type { CertificateValidationContext__Output } from '../generated/envoy/extensions/transport_sockets/tls/v3/CertificateValidationContext.ts';
import type { CommonTlsContext__Output } from '../generated/envoy/extensions/transport_sockets/tls/v3/CommonTlsContext.ts';
import type { SdsSecretConfig__Output } from '../generated/envoy/extensions/transport_sockets/tls/v3/SdsSecretConfig.ts';
import type { SubjectAltNameMatcher__Output } from '../generated/envoy/extensions/transport_sockets/tls/v3/SubjectAltNameMatcher.ts';
import type { Path, Violations } from '../violation.ts';
import { requireCertificates } from './certificates.ts';
import { requireConfigSource } from './config-source.ts';
import { requireName, requireOneOf, requireUnique } from './field-checks.ts';
import { unpackAt } from './unpack-at.ts';

const RAW_BUFFER = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';
const UPSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
const DOWNSTREAM_TLS = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';

/** An ALPN name has one byte for its length. Source: RFC 7301 section 3.1. */
const MAX_ALPN_BYTES = 255;

/** How much of a peer's name a matcher fixes: all of it, or at least its trust domain. */
type PeerNames = 'exact' | 'exact or trust domain';

export function checkUpstreamTransportSocket(socket: TransportSocket__Output, at: Path, violations: Violations): void {
  if (isPlaintext(socket)) {
    return;
  }
  const configAt = at.field('typed_config');
  const unpacked = unpackAt([UPSTREAM_TLS, RAW_BUFFER], socket.typed_config, configAt, violations);
  if (unpacked?.name === UPSTREAM_TLS) {
    if (unpacked.message.sni.length > 255 || /[^\x21-\x7e]/.test(unpacked.message.sni)) {
      violations.add(configAt.field('sni'), 'is not a server name');
    }
    // A client that did not say whom it expects would talk to anyone of the mesh who answers at that address.
    checkCommonTlsContext(
      unpacked.message.common_tls_context,
      configAt.field('common_tls_context'),
      violations,
      'exact',
    );
  }
}

export function checkDownstreamTransportSocket(
  socket: TransportSocket__Output,
  at: Path,
  violations: Violations,
): void {
  if (isPlaintext(socket)) {
    return;
  }
  const configAt = at.field('typed_config');
  const unpacked = unpackAt([DOWNSTREAM_TLS, RAW_BUFFER], socket.typed_config, configAt, violations);
  if (unpacked?.name === DOWNSTREAM_TLS) {
    if (unpacked.message.require_client_certificate?.value !== true) {
      violations.add(configAt.field('require_client_certificate'), 'must be true');
    }
    checkCommonTlsContext(
      unpacked.message.common_tls_context,
      configAt.field('common_tls_context'),
      violations,
      'exact or trust domain',
    );
  }
}

/** Plaintext has nothing to configure, so its name alone will do. */
function isPlaintext(socket: TransportSocket__Output): boolean {
  return socket.name === RAW_BUFFER_TRANSPORT_SOCKET && !socket.typed_config;
}

function checkCommonTlsContext(
  context: CommonTlsContext__Output | null,
  at: Path,
  violations: Violations,
  peerNames: PeerNames,
): void {
  if (context === null) {
    violations.add(at, 'is required');
    return;
  }
  if (context.tls_params !== null) {
    const { tls_minimum_protocol_version: minimum, tls_maximum_protocol_version: maximum } = context.tls_params;
    const paramsAt = at.field('tls_params');
    // A lower minimum is no lie: the sidecar is stricter than it is asked to be.
    const minimumAt = paramsAt.field('tls_minimum_protocol_version');
    requireOneOf(minimum, ['TLS_AUTO', 'TLSv1_2', 'TLSv1_3'], minimumAt, violations);
    requireOneOf(maximum, ['TLS_AUTO', 'TLSv1_3'], paramsAt.field('tls_maximum_protocol_version'), violations);
  }
  const alpnAt = (index: number) => at.field('alpn_protocols').index(index);
  for (const [index, name] of context.alpn_protocols.entries()) {
    if (name === '' || Buffer.byteLength(name) > MAX_ALPN_BYTES) {
      violations.add(alpnAt(index), `must have between 1 and ${MAX_ALPN_BYTES} bytes`);
    }
  }
  requireUnique(context.alpn_protocols, alpnAt, violations);
  const certificates = context.tls_certificate_sds_secret_configs;
  const certificatesAt = at.field('tls_certificate_sds_secret_configs');
  if (certificates.length > 1) {
    violations.add(certificatesAt, `must be one, and is ${certificates.length}`);
  }
  for (const [index, secret] of certificates.entries()) {
    checkSecretConfig(secret, certificatesAt.index(index), violations);
  }
  if (context.tls_certificates.length > 0) {
    violations.add(
      at.field('tls_certificates'),
      'is for hosts outside the mesh: the identity of the mesh comes by SDS',
    );
  }
  checkPeer(context, at, violations, peerNames);
}

function checkPeer(context: CommonTlsContext__Output, at: Path, violations: Violations, peerNames: PeerNames): void {
  if (context.combined_validation_context) {
    const { default_validation_context: names, validation_context_sds_secret_config: roots } =
      context.combined_validation_context;
    const combinedAt = at.field('combined_validation_context');
    const namesAt = combinedAt.field('default_validation_context');
    checkPeerNames(names?.match_typed_subject_alt_names ?? [], namesAt, violations, peerNames);
    if (names?.trusted_ca) {
      requireCertificates(names.trusted_ca, namesAt.field('trusted_ca'), violations);
    }
    const rootsAt = combinedAt.field('validation_context_sds_secret_config');
    if (roots === null) {
      violations.add(rootsAt, 'is required');
    } else {
      checkSecretConfig(roots, rootsAt, violations);
    }
  } else if (context.validation_context) {
    const contextAt = at.field('validation_context');
    checkPeerNames(context.validation_context.match_typed_subject_alt_names, contextAt, violations, peerNames);
    requireCertificates(context.validation_context.trusted_ca, contextAt.field('trusted_ca'), violations);
  } else {
    // Also for validation_context_sds_secret_config, which brings roots and no names.
    violations.add(at, 'needs combined_validation_context or validation_context, to know whom to expect');
  }
}

function checkSecretConfig(secret: SdsSecretConfig__Output, at: Path, violations: Violations): void {
  requireName(secret.name, at.field('name'), violations);
  if (secret.sds_config !== null) {
    requireConfigSource(secret.sds_config, at.field('sds_config'), violations);
  }
}

/** For a Secret, which only has to be able to stand in either place. */
export function checkValidationContext(
  context: CertificateValidationContext__Output,
  at: Path,
  violations: Violations,
): void {
  requireCertificates(context.trusted_ca, at.field('trusted_ca'), violations);
  for (const [index, matcher] of context.match_typed_subject_alt_names.entries()) {
    checkPeerName(matcher, at.field('match_typed_subject_alt_names').index(index), violations, 'exact or trust domain');
  }
}

function checkPeerNames(
  matchers: readonly SubjectAltNameMatcher__Output[],
  contextAt: Path,
  violations: Violations,
  peerNames: PeerNames,
): void {
  const at = contextAt.field('match_typed_subject_alt_names');
  if (matchers.length === 0) {
    violations.add(at, 'is required');
  }
  for (const [index, matcher] of matchers.entries()) {
    checkPeerName(matcher, at.index(index), violations, peerNames);
  }
}

function checkPeerName(
  { san_type: type, matcher }: SubjectAltNameMatcher__Output,
  at: Path,
  violations: Violations,
  peerNames: PeerNames,
): void {
  requireOneOf(type, ['URI'], at.field('san_type'), violations);
  const matcherAt = at.field('matcher');
  if (matcher?.ignore_case) {
    violations.add(matcherAt.field('ignore_case'), 'must be false: SPIFFE ids differ by case');
  }
  if (matcher?.exact !== undefined) {
    if (!/^spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+$/.test(matcher.exact)) {
      violations.add(matcherAt.field('exact'), `is not a SPIFFE id: ${JSON.stringify(matcher.exact.slice(0, 200))}`);
    }
  } else if (matcher?.prefix !== undefined && peerNames === 'exact or trust domain') {
    // Without the slash `spiffe://cluster.local` would also take `spiffe://cluster.local.evil.example`.
    if (!/^spiffe:\/\/[a-z0-9._-]+\//.test(matcher.prefix)) {
      violations.add(matcherAt.field('prefix'), 'must be spiffe://, a trust domain and a slash at least');
    }
  } else {
    violations.add(matcherAt, peerNames === 'exact' ? 'must be exact' : 'must be exact or prefix');
  }
}
