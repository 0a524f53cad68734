import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';
import { peerLeaf } from '../../certs/peer-chain.ts';
import { validateSvid } from '../../certs/svid.ts';
import { tlsCiphers } from '../../certs/tls-ciphers.ts';
import type { Log } from '../log.ts';

/** A leaf with its key, and the chain up to and with the root, so that one who knows only the root's hash can pin it. */
export interface TlsServerIdentity {
  readonly chainPem: string;
  readonly privateKeyPem: string;
}

export interface TlsServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly identity: TlsServerIdentity;
  readonly trustBundlePem: string;
  readonly trustDomain: string;
  /** Gets each connection that may speak. */
  readonly onConnection: (socket: TLSSocket) => void;
  readonly log: Log;
  readonly now?: () => number;
  /** Connections beyond this are closed at once. Default 10 000. */
  readonly maxConnections?: number;
  /** Default 15 s: a handshake takes milliseconds, and a half-open one costs memory. */
  readonly handshakeTimeoutMs?: number;
  /** How long a connection without a certificate may last. Default 30 s. */
  readonly anonymousMs?: number;
}

/** What {@link TlsServer} counts. */
export interface TlsServerCounts {
  readonly open: number;
  /** Handshakes that failed, and connections refused for their certificate. */
  readonly refused: number;
}

/** setTimeout's bound; a leaf of ours lives for a day. */
const maxTimerMs = 2 ** 31 - 1;

/** For one who has no certificate yet: joining takes one call. Nobody else has a reason to stay. */
const defaultAnonymousMs = 30_000;

/**
 * The port that sidecars join and attach at (15012): TLS 1.3, HTTP/2, a client certificate asked for.
 *
 * A connection without a certificate is let in; which calls it may make is `caller.ts`'s to say. One with a certificate
 * is let in only when the chain holds under our roots and the leaf is an SVID of our trust domain: Node checks the chain
 * alone (`rejectUnauthorized` passed 13 of 13 SPIFFE-invalid leaves). It is closed when that leaf expires, and one without
 * a certificate after 30 s.
 */
export class TlsServer {
  readonly #options: TlsServerOptions;
  readonly #server: ReturnType<typeof createServer>;
  /** From the first byte on, so that closing also ends handshakes. */
  readonly #connections = new Set<Socket>();
  #accepted = 0;
  #refused = 0;

  private constructor(options: TlsServerOptions) {
    this.#options = options;
    this.#server = createServer({
      ...secureContextOf(options),
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      requestCert: true,
      // Refusing is up to #accept, which tells a connection without a certificate from one with a wrong one.
      rejectUnauthorized: false,
      handshakeTimeout: options.handshakeTimeoutMs ?? 15_000,
    });
    this.#server.maxConnections = options.maxConnections ?? 10_000;
    this.#server.on('secureConnection', (socket) => this.#accept(socket));
    this.#server.on('connection', (connection: Socket) => {
      this.#connections.add(connection);
      connection.once('close', () => this.#connections.delete(connection));
    });
    this.#server.on('tlsClientError', (error, socket) => {
      this.#refused += 1;
      socket.destroy(); // Node tells of a handshake that takes too long and leaves it open
      options.log('debug', 'a TLS handshake failed', { reason: error.message });
    });
  }

  /** @throws the listening error, such as EADDRINUSE */
  static async listen(options: TlsServerOptions): Promise<TlsServer> {
    const server = new TlsServer(options);
    server.#server.listen({ host: options.host, port: options.port });
    await once(server.#server, 'listening');
    server.#server.on('error', (error) => options.log('error', 'the xDS port failed', { reason: error.message }));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // it listens on TCP
  }

  counts(): TlsServerCounts {
    return { open: this.#accepted, refused: this.#refused };
  }

  /** Handshakes from now on see this; connections that are open stay. */
  setIdentity(identity: TlsServerIdentity): void {
    this.#server.setSecureContext(secureContextOf({ ...this.#options, identity }));
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#connections) {
      connection.destroy();
    }
    await closed;
  }

  #accept(socket: TLSSocket): void {
    socket.on('error', () => {}); // the HTTP/2 session reports it; until it has the socket nobody else listens
    const now = this.#options.now ?? Date.now;
    const nowMs = now();
    const verdict = this.#verdict(socket, nowMs);
    if ('refusal' in verdict) {
      this.#refused += 1;
      this.#options.log('warn', 'a connection is refused', { peer: socket.remoteAddress, reason: verdict.refusal });
      socket.destroy();
      return;
    }
    this.#accepted += 1;
    const { anonymousMs = defaultAnonymousMs } = this.#options;
    const restMs = verdict.expiresAtMs === null ? anonymousMs : verdict.expiresAtMs - nowMs;
    const timer = setTimeout(() => socket.destroy(), Math.min(restMs, maxTimerMs));
    timer.unref();
    socket.once('close', () => {
      clearTimeout(timer);
      this.#accepted -= 1;
    });
    this.#options.onConnection(socket);
  }

  #verdict(socket: TLSSocket, nowMs: number): { refusal: string } | { expiresAtMs: number | null } {
    if (socket.alpnProtocol !== 'h2') {
      return { refusal: 'it does not speak HTTP/2' };
    }
    const leaf = peerLeaf(socket);
    if (leaf === null) {
      return { expiresAtMs: null };
    }
    if (!socket.authorized) {
      return { refusal: `its certificate does not lead to our root: ${String(socket.authorizationError)}` };
    }
    const svid = validateSvid(leaf, { trustDomains: this.#options.trustDomain, nowMs });
    return svid.ok ? { expiresAtMs: svid.expiresAtMs } : { refusal: svid.reason };
  }
}

function secureContextOf({ identity, trustBundlePem }: TlsServerOptions): SecureContextOptions {
  return { key: identity.privateKeyPem, cert: identity.chainPem, ca: trustBundlePem, ciphers: tlsCiphers };
}
