import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect, createServer } from 'node:tls';
import { peerChain } from '../peer-chain.ts';
import { expectIdentity, validateSvid } from '../svid.ts';
import type { TestIdentity } from './test-identity.ts';

/** One end of a connection: what it presents, which roots it trusts, and whom it expects. */
export interface TestEnd {
  readonly identity: TestIdentity | null;
  readonly bundlePem: string;
  readonly trustDomain: string;
  /** Ids of which the peer must have one; null for anybody of the trust domain. */
  readonly expected: readonly string[] | null;
}

/** What each end found: null when it let the other in, else why not. */
export interface HandshakeOutcome {
  readonly server: string | null;
  readonly client: string | null;
  /** Whether a byte came through, which needs both ends. */
  readonly isTalking: boolean;
}

/** Why this end does not let its peer in, or null: the check that the sidecar makes, on the peer's DER. */
function refusal(end: TestEnd, leaf: Buffer | undefined): string | null {
  if (leaf === undefined) {
    return 'no certificate';
  }
  const svid = validateSvid(leaf, { trustDomains: end.trustDomain, nowMs: Date.now() });
  if (!svid.ok) {
    return svid.reason;
  }
  const identity = end.expected === null ? { ok: true as const } : expectIdentity(svid.id, end.expected);
  return identity.ok ? null : identity.reason;
}

/** A real TLS 1.3 handshake over loopback in which both ends check the other, as sidecars do. */
export async function handshake(serverEnd: TestEnd, clientEnd: TestEnd): Promise<HandshakeOutcome> {
  const { promise: serverDone, resolve: resolveServer } = withResolvers<string | null>();
  const server = createServer({
    ...keyAndCert(serverEnd),
    ca: serverEnd.bundlePem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  });
  server.on('tlsClientError', (error) => resolveServer(error.message));
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    const reason = refusal(serverEnd, peerChain(socket)[0]);
    resolveServer(reason);
    if (reason === null) {
      socket.end('.');
    } else {
      socket.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({
    ...keyAndCert(clientEnd),
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    ca: clientEnd.bundlePem,
    minVersion: 'TLSv1.3',
    checkServerIdentity: (_, { raw }) => {
      const reason = refusal(clientEnd, raw);
      return reason === null ? undefined : new Error(reason);
    },
  });
  const outcome = await clientOutcome(socket);
  const serverReason = outcome.client === null ? await serverDone : null;
  socket.destroy();
  server.close();
  await once(server, 'close');
  return { server: serverReason, ...outcome };
}

/** With TLS 1.3 a client is done before the server has judged it, so only a byte from there shows success. */
async function clientOutcome(socket: TLSSocket): Promise<{ client: string | null; isTalking: boolean }> {
  return new Promise((resolve) => {
    let isSecure = false;
    let isTalking = false;
    let client: string | null = null;
    socket.on('secureConnect', () => {
      isSecure = true;
    });
    socket.on('data', () => {
      isTalking = true;
    });
    socket.on('error', (error) => {
      client = isSecure ? null : error.message;
    });
    socket.on('close', () => resolve({ client, isTalking }));
  });
}

function keyAndCert({ identity }: TestEnd): { key?: string; cert?: string } {
  return identity === null ? {} : { key: identity.key, cert: identity.cert };
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
