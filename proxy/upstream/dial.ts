import type { Socket, TcpSocketConnectOpts } from 'node:net';
import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { expectIdentity } from '../../certs/svid.ts';
import type { Failure } from '../failure.ts';
import type { IdentityHolder, VerifiedPeer } from '../tls/mesh-identity.ts';
import { SessionCache } from '../tls/session-cache.ts';
import { HandleTransport } from '../transport/handle-transport.ts';
import type { OpenedTransport } from '../transport/open-transport.ts';
import { openTransport, transportKind } from '../transport/open-transport.ts';
import { SocketTransport, sharedReads } from '../transport/socket-transport.ts';

/** How dialling ended; exactly one of the two is called, once. */
export interface DialResult {
  /** Reading begins when the receiver, its handler set, calls `startReading`. */
  onConnected(transport: OpenedTransport): void;
  /** `detail` names the cause for logs and local replies: no secrets, one line. */
  onDialFailed(failure: Failure, detail: string): void;
}

/** Opens one connection; TCP and TLS together must succeed within the connect timeout. */
export type Dial = (result: DialResult) => void;

export interface DialAddress {
  readonly address: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
  /** Time without a byte after which the other end is asked for a sign of life. Default 0, never. */
  readonly keepaliveMs?: number;
}

/** What makes a connection one of the mesh. */
export interface MeshDial extends DialAddress {
  readonly sni: string;
  readonly alpnProtocols: readonly string[];
  readonly expectedIdentities: readonly string[];
}

/** What a socket is told before it connects. */
export function connectionTo({ address, port, keepaliveMs = 0 }: DialAddress): TcpSocketConnectOpts {
  return { host: address, port, noDelay: true, keepAlive: keepaliveMs > 0, keepAliveInitialDelay: keepaliveMs };
}

/** Connects over TCP: to the application on this host, or to what is outside of the mesh. */
export function dialPlain(target: DialAddress, result: DialResult): void {
  const reads = dialledReads();
  const socket = connect({ ...connectionTo(target), ...reads.options });
  settle(socket, 'connect', target.connectTimeoutMs, result, {
    makeTransport: () => reads.open(socket),
    explain: explainMesh,
  });
}

/**
 * Opens a mutually authenticated connection. Nothing is sent on it before the peer's certificate chain, its SPIFFE
 * id and that id's being expected were all checked; a resumed session counts for the identity it began with.
 */
export function dialMesh(target: MeshDial, identity: IdentityHolder, sessions: SessionCache, result: DialResult): void {
  if (identity.clientContext() === null) {
    result.onDialFailed('identityRefused', noCertificate);
    return;
  }
  const raw = connect(connectionTo(target));
  const socket = beginHandshake(raw, target, identity, sessions);
  settle(socket, 'secureConnect', target.connectTimeoutMs, result, {
    makeTransport: () => wrongProtocol(socket, target) ?? openTransport(socket, raw),
    explain: explainMesh,
  });
}

/**
 * Begins the handshake of a connection of the mesh on `raw`, as `dialMesh` says. Once it emits `secureConnect` the peer is one
 * that is expected; `wrongProtocol` says whether it speaks what it was asked for.
 *
 * @throws Error when this sidecar has no valid certificate
 */
export function beginHandshake(
  raw: Socket,
  target: MeshDial,
  identity: IdentityHolder,
  sessions: SessionCache,
): TLSSocket {
  const secureContext = identity.clientContext();
  if (secureContext === null) throw new IdentityError(noCertificate);
  const key = SessionCache.key(`${target.address}:${target.port}`, target.sni, target.expectedIdentities);
  const stored = sessions.get(key);
  let peer: VerifiedPeer | null = stored?.peer ?? null;
  const socket = connectTls({
    socket: raw, // made by the caller, because only that one can be reset
    servername: target.sni,
    ALPNProtocols: [...target.alpnProtocols],
    secureContext,
    rejectUnauthorized: true, // the default is false where NODE_TLS_REJECT_UNAUTHORIZED=0 is in the environment
    ...(stored === null ? {} : { session: stored.session }),
    checkServerIdentity: (_host, certificate) => {
      const verified = identity.verifyPeer(certificate.raw);
      if ('reason' in verified) return new IdentityError(verified.reason);
      const expected = expectIdentity(verified.id, target.expectedIdentities);
      if (!expected.ok) return new IdentityError(expected.reason);
      peer = verified;
      return undefined;
    },
  });
  raw.on('error', (error) => socket.destroy(error));
  socket.on('session', (session) => {
    if (peer !== null) sessions.put(key, session, peer);
  });
  return socket;
}

/** Why a connection whose handshake is done cannot be used; null when it can. */
export function wrongProtocol({ alpnProtocol }: TLSSocket, target: MeshDial): IdentityError | null {
  if (target.alpnProtocols.includes(alpnProtocol || '')) return null;
  return new IdentityError(`the instance does not speak the mesh's protocol (ALPN ${alpnProtocol || 'none'})`);
}

const noCertificate = 'this sidecar has no valid certificate';

/** How a dialled plaintext socket reads: the public transport must say so when the socket is made, before it is connected. */
function dialledReads(): { options: Pick<TcpSocketConnectOpts, 'onread'>; open(socket: Socket): OpenedTransport } {
  if (transportKind() === 'handle') return { options: {}, open: (socket) => new HandleTransport(socket) };
  let transport: SocketTransport | null = null;
  return {
    options: { onread: sharedReads(() => transport) },
    open: (socket) => {
      transport = new SocketTransport(socket, socket, true);
      return transport;
    },
  };
}

/** A handshake that succeeded cryptographically with somebody we did not want. */
class IdentityError extends Error {
  readonly code = 'HEDDLE_IDENTITY';
}

/** How a dialled socket becomes a transport, and what is said when it does not. */
export interface Settling {
  /** Asked when the socket is ready. An error: it cannot be used after all. */
  makeTransport(): OpenedTransport | Error;
  explain(error: NodeJS.ErrnoException): { readonly failure: Failure; readonly detail: string };
}

/** Tells `result` once how dialling ended. */
export function settle(
  socket: Socket,
  readyEvent: 'connect' | 'secureConnect',
  timeoutMs: number,
  result: DialResult,
  { makeTransport, explain }: Settling,
): void {
  let isSettled = false;
  const fail = ({ failure, detail }: ReturnType<Settling['explain']>): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    socket.destroy();
    result.onDialFailed(failure, detail);
  };
  const timer = setTimeout(
    () => fail({ failure: 'connectTimeout', detail: `no connection within ${timeoutMs} ms` }),
    timeoutMs,
  );
  // stays for the life of the socket: a late error must never be without a listener
  socket.on('error', (error: NodeJS.ErrnoException) => fail(explain(error)));
  socket.once('close', () => fail({ failure: 'connectFailure', detail: closedEarly }));
  socket.once(readyEvent, () => {
    if (isSettled) return;
    const made = makeTransport();
    if (made instanceof Error) {
      fail(explain(made));
      return;
    }
    isSettled = true;
    clearTimeout(timer);
    result.onConnected(made);
  });
}

const closedEarly = 'the connection was closed while it was being opened';

function explainMesh(error: NodeJS.ErrnoException): { readonly failure: Failure; readonly detail: string } {
  return { failure: failureOf(error), detail: describe(error) };
}

function failureOf(error: NodeJS.ErrnoException): Failure {
  const code = error.code ?? '';
  return code === 'HEDDLE_IDENTITY' || certificateCodes.test(code) ? 'identityRefused' : 'connectFailure';
}

/** OpenSSL's names of what can be wrong with a chain, and the alerts with which a peer refuses ours. */
const certificateCodes = /^CERT_|^UNABLE_TO_|SELF_SIGNED|^INVALID_CA|ALERT_(BAD|UNKNOWN|EXPIRED|CERTIFICATE|NO_CERT)/;

function describe(error: NodeJS.ErrnoException): string {
  return error.code === undefined || error.code === 'HEDDLE_IDENTITY' ? error.message : error.code;
}
