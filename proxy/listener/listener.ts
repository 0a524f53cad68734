import { createHash } from 'node:crypto';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import { peerLeaf } from '../../certs/peer-chain.ts';
import type { IdentityHolder, MeshIdentity, VerifiedPeer } from '../tls/mesh-identity.ts';
import { secureContextOptions } from '../tls/mesh-identity.ts';
import type { CoarseClock } from '../transport/coarse-clock.ts';
import { openTransport } from '../transport/open-transport.ts';
import type { AcceptedPeer, NewConnection } from './accepted-connection.ts';
import { ServedConnections } from './accepted-connection.ts';

export interface ListenerOptions {
  readonly name: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /**
   * Nothing is bound: another process accepts at this host and port, and its sockets come through `take`. Default false.
   */
  readonly isHandedOver?: boolean;
  /** Null for plaintext; otherwise clients must present an SVID of our trust domain. */
  readonly mesh: MeshListenerOptions | null;
  readonly clock: CoarseClock;
  /** Connections at a time; one more is closed at once. Default 10 000. */
  readonly maxConnections?: number;
  /**
   * Why the process takes no more connections, null while it does; asked for each one, and one that is not taken is closed
   * at once. Default null.
   */
  readonly whyFull?: () => FullReason | null;
  /** Takes a connection that was accepted; with TLS, once the handshake is over. */
  serve(connection: NewConnection): void;
  /** A connection was refused before any request: a handshake failed, or the limit was reached. */
  onRefused(reason: string, address: string): void;
}

export interface MeshListenerOptions {
  readonly identity: IdentityHolder;
  readonly alpnProtocols: readonly string[];
  /** A handshake must be over by then. Default 15 000 (Envoy `transport_socket_connect_timeout`, here on by default). */
  readonly handshakeTimeoutMs?: number;
}

/** `all`: the process has as many connections as it may; `overloaded`: its memory is nearly used up. */
export type FullReason = 'all' | 'overloaded';

export interface ListenerCounters {
  accepted: number;
  /** Refused for whatever reason, the next three among them. */
  refused: number;
  /** The listener had as many as it may. */
  overflows: number;
  /** The process had (`global_downstream_max_connections`). */
  globalOverflows: number;
  overloadRejects: number;
  handshakes: number;
  handshakeFailures: number;
}

/** For `maxConnections` of Node's server: 0 is no limit before Node 22. */
const TAKE_NONE = -1;

/** Accepts connections, in plaintext or with mutual TLS, within its limits, and knows all that are open. */
export class Listener {
  readonly name: string;
  readonly counters: ListenerCounters = {
    accepted: 0,
    refused: 0,
    overflows: 0,
    globalOverflows: 0,
    overloadRejects: 0,
    handshakes: 0,
    handshakeFailures: 0,
  };
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #connections = new ServedConnections();
  /** All accepted sockets, those in the middle of a handshake included. */
  readonly #sockets = new Set<Socket>();
  /** With TLS: what it is spoken on, by the other end's address. */
  readonly #raw = new Map<string, Socket>();
  readonly #stopSweeping: () => void;
  #stopFollowing: () => void = () => {};
  #onEmpty: () => void = () => {};
  /** Where it listens, or did: a server that is closed has no address, and requests may still be under way. */
  #bound: { readonly host: string; readonly port: number };
  /** Why the last connection that was asked for had no room in the process; null when it had. */
  #fullReason: FullReason | null = null;

  private constructor(options: ListenerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#bound = { host: options.host, port: options.port };
    this.#server = options.mesh === null ? this.#plainServer() : this.#meshServer(options.mesh);
    // Node reads it for each connection, before there is a socket or a handshake
    Object.defineProperty(this.#server, 'maxConnections', { get: () => this.#maxConnections() });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      const address = options.mesh === null ? '' : addressOf(socket);
      if (options.mesh !== null) this.#raw.set(address, socket);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        if (this.#raw.get(address) === socket) this.#raw.delete(address);
        if (this.#sockets.size === 0) this.#onEmpty();
      });
    });
    this.#server.on('drop', (drop) => this.#refuseFull(drop?.remoteAddress ?? ''));
    this.#stopSweeping = options.clock.onTick((nowMs) => this.#connections.sweep(nowMs));
  }

  /** Binds and listens. Rejects with Node's error when the address cannot be had. */
  static async listen(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    if (options.isHandedOver) return listener;
    try {
      await new Promise<void>((resolve, reject) => {
        listener.#server.once('error', reject);
        listener.#server.listen({ host: options.host, port: options.port, backlog: 4096 }, () => {
          listener.#server.off('error', reject);
          const { address, port } = listener.#server.address() as AddressInfo; // it listens on TCP
          listener.#bound = { host: address, port };
          resolve();
        });
      });
    } catch (error) {
      listener.#release();
      throw error;
    }
    // accept errors such as EMFILE come here; the server goes on accepting when descriptors are free again
    listener.#server.on('error', (error) => options.onRefused(error.message, ''));
    return listener;
  }

  get port(): number {
    return this.#bound.port;
  }

  get host(): string {
    return this.#bound.host;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  /** Accepted sockets, those in the middle of a handshake included. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  /** Answers in progress close their connections, idle ones are closed now; those that come later stay. */
  shedConnections(): void {
    this.#connections.shed();
  }

  /** Serves a connection that another process has accepted, within the same limit. */
  take(socket: Socket): void {
    if (this.#sockets.size < this.#server.maxConnections) {
      this.#server.emit('connection', socket);
      return;
    }
    this.#refuseFull(addressOf(socket));
    socket.destroy();
  }

  /** From now on every answer closes its connection; idle connections are closed. New ones are still accepted. */
  drain(): void {
    this.#connections.drain();
  }

  /** Stops accepting. Resolves when the last connection is gone; what is open at `graceMs` is cut. */
  async close(graceMs: number): Promise<void> {
    this.drain();
    this.#stopFollowing();
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // the server has not counted those that were handed over
    if (this.#sockets.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve;
      });
    }
    clearTimeout(cut);
    this.#stopSweeping();
  }

  #release(): void {
    this.#stopSweeping();
    this.#stopFollowing();
  }

  #plainServer(): Server {
    const server = createServer({ noDelay: true });
    server.on('connection', (socket: Socket) => {
      this.#accept(socket, { principal: '', address: addressOf(socket), clientCertLine: '', metadata: '' }, '');
    });
    return server;
  }

  #meshServer({ identity, alpnProtocols, handshakeTimeoutMs = 15_000 }: MeshListenerOptions): Server {
    const current = identity.current;
    const server = createTlsServer({
      ...(current === null ? {} : secureContextOptions(current)),
      requestCert: true,
      rejectUnauthorized: true,
      noDelay: true,
      ALPNProtocols: [...alpnProtocols],
      handshakeTimeout: handshakeTimeoutMs,
    });
    // a new context also has new ticket keys, so no session outlives the identity it was made under
    this.#stopFollowing = identity.onChange((renewed) => server.setSecureContext(secureContextOptions(renewed)));
    server.on('secureConnection', (socket: TLSSocket) => this.#acceptMesh(socket, identity));
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
      this.counters.handshakeFailures++;
      this.#refuse(`the TLS handshake failed: ${error.code ?? error.message}`, addressOf(socket));
      socket.destroy(); // Node tells of a handshake that takes too long and leaves it open
    });
    return server;
  }

  #acceptMesh(socket: TLSSocket, identity: IdentityHolder): void {
    this.counters.handshakes++;
    const leaf = peerLeaf(socket);
    const own = identity.current;
    const alpnProtocol = socket.alpnProtocol || '';
    let verified: VerifiedPeer | { readonly reason: string };
    if (leaf === null || own === null) verified = { reason: 'the client showed no certificate' };
    else if (alpnProtocol === '') verified = { reason: 'the client did not say what it speaks (ALPN)' };
    else verified = identity.verifyPeer(leaf);
    if ('reason' in verified || leaf === null || own === null) {
      this.counters.handshakeFailures++;
      this.#refuse('reason' in verified ? verified.reason : 'no certificate', addressOf(socket));
      socket.on('error', () => {}); // it is being cut; what it still reports changes nothing
      socket.destroy();
      return;
    }
    const peer = {
      principal: verified.id,
      address: addressOf(socket),
      clientCertLine: clientCertLine(own, leaf, verified.id),
      metadata: '',
    };
    this.#accept(socket, peer, alpnProtocol);
  }

  #accept(socket: Socket, peer: AcceptedPeer, alpnProtocol: string): void {
    this.counters.accepted++;
    const transport = openTransport(socket, this.#raw.get(peer.address));
    this.#options.serve({ transport, peer, alpnProtocol, served: this.#connections });
  }

  #maxConnections(): number {
    const { maxConnections = 10_000, whyFull } = this.#options;
    this.#fullReason = whyFull === undefined ? null : whyFull();
    return this.#fullReason === null ? maxConnections : TAKE_NONE;
  }

  #refuseFull(address: string): void {
    const { counters } = this;
    switch (this.#fullReason) {
      case null:
        counters.overflows++;
        this.#refuse('the listener has as many connections as it may', address);
        return;
      case 'all':
        counters.globalOverflows++;
        this.#refuse('the sidecar has as many connections as it may', address);
        return;
      case 'overloaded':
        counters.overloadRejects++;
        this.#refuse('the sidecar is close to the end of its memory', address);
        return;
    }
  }

  #refuse(reason: string, address: string): void {
    this.counters.refused++;
    this.#options.onRefused(reason, address);
  }
}

/** Envoy's `x-forwarded-client-cert` with SANITIZE_SET: who we are, what we were shown, and whom it names. */
function clientCertLine(own: MeshIdentity, der: Uint8Array, peer: string): string {
  const hash = createHash('sha256').update(der).digest('hex');
  return `x-forwarded-client-cert: By=${own.id};Hash=${hash};URI=${peer}\r\n`;
}

function addressOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
}
