import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ALPN_HTTP1, ALPN_HTTP2, ALPN_TCP } from '../../proto/names.ts';
import { ClientCertificates } from '../tls/client-certificates.ts';
import type { IdentityHolder } from '../tls/mesh-identity.ts';
import { SessionCache } from '../tls/session-cache.ts';
import { beginHandshake, wrongProtocol } from '../upstream/dial.ts';
import type { OriginEnvironment, OriginTlsConfig } from '../upstream/dial-origin.ts';
import { beginOrigination, wrongOriginProtocol } from '../upstream/dial-origin.ts';

export type ProbeProtocol = 'http1' | 'http2' | 'tcp';

/** Where a check goes. */
export interface ProbeAddress {
  readonly address: string;
  readonly port: number;
  /** Null for an endpoint outside of the mesh. */
  readonly mesh: {
    readonly sni: string;
    /** What the cluster's endpoints take. */
    readonly alpnProtocols: readonly string[];
    readonly expectedIdentities: readonly string[];
  } | null;
  /** Null, and by default, for plaintext outside of the mesh. */
  readonly origin?: OriginTlsConfig | null;
}

/**
 * Connections of health checks to one endpoint: as requests go there, so with mutual TLS where it is meshed, but apart from
 * those of requests, and on sockets of Node's own, which is what the libraries of checks need.
 */
export class ProbeTarget {
  readonly address: string;
  readonly port: number;
  /** There is TLS on its connections. */
  readonly isSecured: boolean;
  readonly isMeshed: boolean;
  readonly #mesh: ProbeAddress['mesh'];
  readonly #origin: OriginTlsConfig | null;
  readonly #identity: IdentityHolder;
  readonly #sessions: SessionCache;
  readonly #origins: OriginEnvironment;

  constructor(
    { address, port, mesh, origin = null }: ProbeAddress,
    identity: IdentityHolder,
    sessions: SessionCache,
    origins: OriginEnvironment = { sessions: new SessionCache(), certificates: new ClientCertificates('') },
  ) {
    this.address = address;
    this.port = port;
    this.isSecured = mesh !== null || origin !== null;
    this.isMeshed = mesh !== null;
    this.#mesh = mesh;
    this.#identity = identity;
    this.#origin = origin;
    this.#sessions = sessions;
    this.#origins = origins;
  }

  /** A connection on which `protocol` can be spoken. */
  async connect(protocol: ProbeProtocol, signal: AbortSignal): Promise<Socket> {
    const raw = connect({ host: this.address, port: this.port, noDelay: true });
    const giveUp = abandon(raw, signal);
    try {
      await isReady(raw, 'connect');
    } finally {
      giveUp.takeBack();
    }
    return await this.secure(raw, protocol, signal);
  }

  /** Does the handshake on a connected socket where there is TLS. */
  async secure(raw: Socket, protocol: ProbeProtocol, signal: AbortSignal): Promise<Socket> {
    const giveUp = abandon(raw, signal);
    try {
      const handshake = this.#handshakeFor(protocol);
      if (handshake === null) return raw;
      const socket = await handshake.begin(raw);
      await isReady(socket, 'secureConnect');
      const problem = handshake.problemOf(socket);
      if (problem !== null) throw problem;
      return socket;
    } catch (error) {
      raw.destroy();
      throw error;
    } finally {
      giveUp.takeBack();
    }
  }

  /** As for requests; null for plaintext. Outside the mesh a check that only connects takes whatever is spoken there. */
  #handshakeFor(protocol: ProbeProtocol): Handshake | null {
    const mesh = this.#mesh;
    if (mesh !== null) {
      const { address, port } = this;
      const alpnProtocols = [alpnFor(protocol, mesh.alpnProtocols)];
      const target = { address, port, connectTimeoutMs: 0, ...mesh, alpnProtocols };
      return {
        begin: (raw) => beginHandshake(raw, target, this.#identity, this.#sessions),
        problemOf: (socket) => wrongProtocol(socket, target),
      };
    }
    const origin = this.#origin;
    if (origin === null) return null;
    return {
      begin: (raw) => beginOrigination(raw, this, origin, this.#origins),
      problemOf: (socket) => wrongOriginProtocol(socket, protocol),
    };
  }
}

/** How TLS is opened, and what is wrong with what came of it; null for nothing. */
interface Handshake {
  begin(raw: Socket): TLSSocket | Promise<TLSSocket>;
  problemOf(socket: TLSSocket): Error | null;
}

/**
 * What the connection is opened for: the protocol itself, else, where endpoints are only connected to, TCP that carries it.
 */
function alpnFor(protocol: ProbeProtocol, taken: readonly string[]): string {
  const own = { http1: ALPN_HTTP1, http2: ALPN_HTTP2, tcp: ALPN_TCP }[protocol];
  if (taken.includes(own)) return own;
  if (taken.includes(ALPN_TCP)) return ALPN_TCP;
  const [any] = taken;
  // that a connection can be made is all that is asked
  if (protocol === 'tcp' && any !== undefined) return any;
  throw new Error(`the endpoint takes ${taken.join(', ') || 'nothing'}`);
}

/** Destroys the socket when the signal says so, until that is taken back. */
function abandon(raw: Socket, signal: AbortSignal): { takeBack(): void } {
  const destroy = () => raw.destroy(new Error('the check is over'));
  if (signal.aborted) destroy();
  signal.addEventListener('abort', destroy);
  return { takeBack: () => signal.removeEventListener('abort', destroy) };
}

/** For the rest of its life the socket has a listener for errors. */
function isReady(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed while it was being opened')));
    socket.once(event, () => resolve());
  });
}
