import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { PeerCertificate, SecureContext, TLSSocket } from 'node:tls';
import { checkServerIdentity, connect as connectTls, createSecureContext } from 'node:tls';
import type { ClientCertificate, ClientCertificateFiles, ClientCertificates } from '../tls/client-certificates.ts';
import type { OriginSessions } from '../tls/session-cache.ts';
import { systemRoots } from '../tls/system-roots.ts';
import { openTransport } from '../transport/open-transport.ts';
import type { DialAddress, DialResult } from './dial.ts';
import { connectionTo, settle } from './dial.ts';

/** TLS towards what is outside the mesh: whom to expect, and whose word is taken for it. */
export interface OriginTlsConfig {
  /** Equal for equal settings, and for no others. */
  readonly key: string;
  readonly sni: string;
  /** Empty where bytes are carried. */
  readonly alpnProtocols: readonly string[];
  /** Any of these names; never empty. */
  readonly names: readonly { readonly kind: 'DNS' | 'URI'; readonly name: string }[];
  /** PEM; null for the roots of this host. */
  readonly rootsPem: string | null;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Shown to the host; null for none. */
  readonly clientCertificate: ClientCertificateFiles | null;
}

/** What all connections to hosts outside the mesh have in common. */
export interface OriginEnvironment {
  readonly sessions: OriginSessions;
  readonly certificates: ClientCertificates;
}

/** Connects and opens TLS. Nothing is sent before chain and name of the host were verified. */
export function dialOrigin(
  target: DialAddress,
  tls: OriginTlsConfig,
  protocol: 'http1' | 'http2' | 'tcp',
  origins: OriginEnvironment,
  result: DialResult,
): void {
  if (tls.clientCertificate === null) {
    dialShowing(null, target, tls, protocol, origins.sessions, result);
    return;
  }
  void origins.certificates.read(tls.clientCertificate, target.connectTimeoutMs).then((shown) => {
    if (typeof shown === 'string') result.onDialFailed('clientCertificateUnusable', shown);
    else dialShowing(shown, target, tls, protocol, origins.sessions, result);
  });
}

function dialShowing(
  shown: ClientCertificate | null,
  target: DialAddress,
  tls: OriginTlsConfig,
  protocol: 'http1' | 'http2' | 'tcp',
  sessions: OriginSessions,
  result: DialResult,
): void {
  const secureContext = contextOf(tls, shown);
  if (secureContext === null) {
    const { certificateFile = '' } = tls.clientCertificate ?? {};
    result.onDialFailed('clientCertificateUnusable', `${certificateFile}: ${unusable}`);
    return;
  }
  const raw = connect(connectionTo(target));
  const socket = beginHandshake(raw, target, tls, { shown, secureContext }, sessions);
  settle(socket, 'secureConnect', target.connectTimeoutMs, result, {
    makeTransport: () => wrongOriginProtocol(socket, protocol) ?? openTransport(socket, raw),
    explain: (error) => {
      const detail = describe(error, tls);
      return {
        failure: detail === null ? 'connectFailure' : 'originRefused',
        detail: detail ?? error.code ?? error.message,
      };
    },
  });
}

const unusable = 'holds what TLS cannot use';

/**
 * Begins the handshake on `raw`; once it emits `secureConnect` the peer is the one that is expected.
 *
 * @throws OriginError when there is no certificate that the host asks for
 */
export async function beginOrigination(
  raw: Socket,
  target: Pick<DialAddress, 'address' | 'port'>,
  tls: OriginTlsConfig,
  { sessions, certificates }: OriginEnvironment,
): Promise<TLSSocket> {
  const { clientCertificate: files } = tls;
  const shown = files === null ? null : await certificates.read(files, READ_TIMEOUT_MS);
  if (typeof shown === 'string') throw new OriginError(shown);
  if (raw.destroyed) throw new OriginError('the connection was closed while the certificate was read');
  const secureContext = contextOf(tls, shown);
  if (secureContext === null) throw new OriginError(`${files?.certificateFile ?? ''}: ${unusable}`);
  return beginHandshake(raw, target, tls, { shown, secureContext }, sessions);
}

/** For who has no time-out of connecting to go by. */
const READ_TIMEOUT_MS = 5_000;

function beginHandshake(
  raw: Socket,
  { address, port }: Pick<DialAddress, 'address' | 'port'>,
  tls: OriginTlsConfig,
  { shown, secureContext }: { readonly shown: ClientCertificate | null; readonly secureContext: SecureContext },
  sessions: OriginSessions,
): TLSSocket {
  // a session stands for the certificate that was shown when it began
  const key = `${address}:${port}\n${tls.key}\n${shown?.fingerprint ?? ''}`;
  const stored = sessions.get(key);
  // a resumed session shows no certificate: what was verified when it began counts
  let expiresAtMs = stored?.peer.expiresAtMs ?? 0;
  const socket = connectTls({
    socket: raw,
    servername: tls.sni,
    ALPNProtocols: [...tls.alpnProtocols],
    secureContext,
    rejectUnauthorized: true, // the default is false where NODE_TLS_REJECT_UNAUTHORIZED=0 is in the environment
    ...(stored === null ? {} : { session: stored.session }),
    checkServerIdentity: (_host, certificate) => {
      const wrong = wrongName(certificate, tls);
      if (wrong === null) expiresAtMs = Date.parse(certificate.valid_to);
      return wrong ?? undefined;
    },
  });
  raw.on('error', (error) => socket.destroy(error));
  socket.on('session', (session) => {
    if (expiresAtMs > 0) sessions.put(key, session, { expiresAtMs });
  });
  return socket;
}

/** Why the protocol cannot be spoken on a connection whose handshake is done; null when it can. */
export function wrongOriginProtocol(
  { alpnProtocol }: TLSSocket,
  protocol: 'http1' | 'http2' | 'tcp',
): OriginError | null {
  const agreed = alpnProtocol || '';
  if (protocol === 'http2' && agreed !== 'h2')
    return new OriginError(`the host does not speak HTTP/2 (ALPN ${agreed || 'none'})`);
  if (protocol === 'http1' && agreed === 'h2') return new OriginError('the host speaks HTTP/2 only');
  return null;
}

/** A handshake that succeeded with somebody, or in a protocol, that we did not want. */
export class OriginError extends Error {
  readonly code = 'HEDDLE_ORIGIN';
}

/** Names stand in the SAN extension alone (RFC 9525 section 6.3): the subject's common name counts for nothing. */
function wrongName(
  { subjectaltname: presented = '' }: PeerCertificate,
  { names }: OriginTlsConfig,
): OriginError | null {
  const uris = urisOf(presented);
  // without a common name, and so without what Node falls back to
  const certificate = { subject: { CN: '' }, subjectaltname: presented } as PeerCertificate;
  const isExpected = names.some(({ kind, name }) =>
    kind === 'URI' ? uris.includes(name) : checkServerIdentity(name, certificate) === undefined,
  );
  if (isExpected) return null;
  const wanted = names.map(({ name }) => name).join(' or ');
  return new OriginError(`the certificate is for ${presented.slice(0, 200) || 'nobody'}, and not for ${wanted}`);
}

/**
 * The URIs among `DNS:a, URI:b`. Node writes what holds a comma or a quote as a JSON string, so that no name can pretend to be
 * several (CVE-2021-44532).
 */
export function urisOf(subjectAltName: string): readonly string[] {
  return [...subjectAltName.matchAll(/([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/g)]
    .filter(([, kind]) => kind === 'URI')
    .map(([, , name = '']) => (name.startsWith('"') ? unquoted(name) : name));
}

/** Nothing where the text is no JSON after all: what cannot be read is expected by nobody. */
function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}

const words: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'the issuer of the certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'the issuer of the certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the issuer of the certificate is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the issuer of the certificate is not trusted',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the host does not speak TLS at this port',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'the host speaks older versions of TLS only',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'the host speaks older versions of TLS only',
};

/** In words, with OpenSSL's own; null for what is no matter of TLS. */
function describe({ code = '', message }: NodeJS.ErrnoException, { sni }: OriginTlsConfig): string | null {
  if (code === 'HEDDLE_ORIGIN') return message;
  const said = words[code];
  if (said !== undefined) return `${said} (${code}, ${sni})`;
  return /^(ERR_SSL|ERR_TLS|CERT_|UNABLE_TO_|INVALID_|HOSTNAME_|PATH_LENGTH|CRL_)/.test(code)
    ? `${code}, ${sni}`
    : null;
}

/** Made once for each configuration and certificate: the roots of a host are some 150 certificates. */
const contexts = new WeakMap<
  OriginTlsConfig,
  { readonly shown: ClientCertificate | null; readonly context: SecureContext }
>();

/** Null where OpenSSL does not take what would be shown. */
function contextOf(tls: OriginTlsConfig, shown: ClientCertificate | null): SecureContext | null {
  const kept = contexts.get(tls);
  if (kept !== undefined && kept.shown === shown) return kept.context;
  const ca = tls.rootsPem ?? systemRoots();
  // an empty list trusts nobody; without one, Node's own roots count
  const roots = ca === '' ? { ca: [] } : ca !== null && { ca };
  const own = shown !== null && { cert: shown.certPem, key: shown.keyPem };
  try {
    const context = createSecureContext({ ...roots, ...own, minVersion: tls.minVersion, maxVersion: 'TLSv1.3' });
    contexts.set(tls, { shown, context });
    return context;
  } catch (error) {
    if (shown === null) throw error;
    return null;
  }
}
