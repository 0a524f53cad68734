import type { Buffer } from 'node:buffer';
import { DETECTED_HTTP } from '../../proto/names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Failure } from '../failure.ts';
import type { TcpEnvironment } from '../forward-tcp.ts';
import { TcpConnection } from '../forward-tcp.ts';
import type { AcceptedConnection, NewConnection } from '../listener/accepted-connection.ts';
import type { HttpCodecOptions } from '../listener/http-codecs.ts';
import { serveHttp } from '../listener/http-codecs.ts';
import type { Detected } from '../listener/protocol-detection.ts';
import { ProtocolDetection } from '../listener/protocol-detection.ts';
import type { FilterChain, FilterChains } from '../route/filter-chains.ts';
import type { TcpRoute } from '../route/tcp-route.ts';
import type { Transport } from '../transport/transport.ts';
import { deafHandler } from '../transport/transport.ts';

/** What a port's connections may carry, or why that is not known: HTTP is then answered with the reason. */
export type ChainsLookup = FilterChains<Cluster> | Failure;

/** Where a connection of the application is to go, as far as the port says it that it came to. */
export interface OutboundDestination {
  chains(): ChainsLookup | Promise<ChainsLookup>;
  readonly http: HttpCodecOptions;
  readonly tcp: TcpEnvironment;
}

/** A client that is silent for so long may be waiting for its server to speak first. */
export const SILENCE_MS = 250;

/** Where nothing says how long the first bytes may take (Linkerd's default). */
const DETECTION_TIMEOUT_MS = 10_000;

/** Takes a connection that has just come. */
export function serveOutbound(connection: NewConnection, destination: OutboundDestination): void {
  const { transport } = connection;
  const chains = destination.chains();
  if (!(chains instanceof Promise)) {
    begin(connection, transport, destination, chains, null);
    transport.startReading();
    return;
  }
  let isGone = false;
  transport.setHandler({
    ...deafHandler,
    onClose: () => {
      isGone = true;
    },
  });
  void chains.then((late) => {
    if (isGone) return;
    begin(connection, transport, destination, late, null);
    transport.startReading();
  });
}

/** Takes what follows on a connection that reads already, as inside a tunnel; `first` was read from it. */
export function serveTunnel(
  connection: AcceptedConnection,
  transport: Transport,
  destination: Omit<OutboundDestination, 'chains'>,
  chains: ChainsLookup,
  first: Buffer | null,
): void {
  begin(connection, transport, destination, chains, first);
}

function begin(
  connection: AcceptedConnection,
  transport: Transport,
  destination: Omit<OutboundDestination, 'chains'>,
  chains: ChainsLookup,
  first: Buffer | null,
): void {
  const outbound = new OutboundConnection(connection, transport, destination, chains);
  outbound.begin(first);
}

/**
 * One connection of the application, until it is known what it carries.
 *
 * ```
 *   declared TCP    spliced at once                      declared HTTP   its version by the first bytes
 *   undeclared      first bytes ──▶ HTTP or TCP
 *                   silence     ──▶ an upstream is dialled meanwhile; whoever speaks first decides
 * ```
 */
class OutboundConnection {
  readonly #connection: AcceptedConnection;
  readonly #transport: Transport;
  readonly #destination: Omit<OutboundDestination, 'chains'>;
  readonly #chains: ChainsLookup;
  #detection: ProtocolDetection | null = null;
  /** Dialled while the client was silent, and where it leads. */
  #probe: TcpConnection | null = null;
  #probeRoute: TcpRoute<Cluster> | null = null;

  constructor(
    connection: AcceptedConnection,
    transport: Transport,
    destination: Omit<OutboundDestination, 'chains'>,
    chains: ChainsLookup,
  ) {
    this.#connection = connection;
    this.#transport = transport;
    this.#destination = destination;
    this.#chains = chains;
  }

  begin(first: Buffer | null): void {
    const chains = this.#chains;
    const inspection = typeof chains === 'string' ? null : chains.inspection;
    const plain = typeof chains === 'string' ? null : chains.plain;
    if (inspection !== null && !inspection.tls && !inspection.http) {
      if (plain === null) this.#transport.reset();
      else if (plain.kind === 'tcp') this.#carry(plain.route, '', first, false);
      else serveHttp(this.#connection, this.#transport, this.#destination.http, 'either', first);
      return;
    }
    this.#detection = new ProtocolDetection(
      this.#transport,
      this.#connection.served,
      {
        readsClientHello: inspection?.tls === true,
        silenceMs: plain?.kind === 'tcp' ? SILENCE_MS : 0,
        timeoutMs: inspection?.timeoutMs ?? DETECTION_TIMEOUT_MS,
        nowMs: this.#destination.tcp.clock.nowMs,
      },
      this,
    );
    if (first !== null && first.length > 0) this.#detection.onBytes(first, first.length, true);
  }

  onDetected(detected: Detected): void {
    const isHttp = detected.protocol === 'http1' || detected.protocol === 'http2';
    const chains = this.#chains;
    if (typeof chains === 'string') {
      if (isHttp) this.#serveHttp(detected);
      else this.#refuse(chains, detected.hello?.serverName ?? '');
      return;
    }
    if (detected.isTimeout && !chains.inspection.continuesOnTimeout) {
      this.#dropProbe();
      this.#transport.reset();
      return;
    }
    const chain = this.#chainOf(chains, detected);
    const serverName = detected.hello?.serverName ?? '';
    if (chain === null) this.#refuse('noRoute', serverName);
    else if (chain.kind === 'http') this.#serveHttp(detected);
    else this.#carry(chain.route, serverName, detected.first, detected.hasEnded);
  }

  #chainOf(chains: FilterChains<Cluster>, { protocol, hello }: Detected): FilterChain<Cluster> | null {
    const { inspection } = chains;
    if (protocol === 'tls' && inspection.tls) {
      const applicationProtocols = hello?.alpnProtocols ?? [];
      return chains.find({ serverName: hello?.serverName ?? '', transportProtocol: 'tls', applicationProtocols });
    }
    let applicationProtocols: readonly string[] = [];
    if (inspection.http && protocol === 'http1') applicationProtocols = http1Names;
    else if (inspection.http && protocol === 'http2') applicationProtocols = http2Names;
    return chains.find({ serverName: '', transportProtocol: 'raw_buffer', applicationProtocols });
  }

  onSilence(): void {
    const plain = typeof this.#chains === 'string' ? null : this.#chains.plain;
    if (plain?.kind !== 'tcp') return;
    const probe = this.#newTcp('');
    this.#probe = probe;
    this.#probeRoute = plain.route;
    probe.connect(plain.route, '', {
      onConnected() {},
      onSpoken: () => this.#carry(plain.route, '', this.#detection?.stop() ?? null, false),
      // the client may still turn out to speak HTTP, and has until the time is over
      onLost: () => {
        this.#probe = null;
      },
    });
  }

  onGone(): void {
    this.#dropProbe();
  }

  #dropProbe(): void {
    this.#probe?.cancel();
    this.#probe = null;
  }

  #serveHttp({ protocol, first, hasEnded }: Detected): void {
    const version = protocol === 'http2' ? 'http2' : 'http1';
    this.#dropProbe();
    if (hasEnded)
      this.#transport.end(); // with less than a request
    else serveHttp(this.#connection, this.#transport, this.#destination.http, version, first);
  }

  #carry(route: TcpRoute<Cluster>, serverName: string, first: Buffer | null, hasEnded: boolean): void {
    let connection = this.#probe;
    if (connection === null || route !== this.#probeRoute) {
      this.#dropProbe();
      connection = this.#newTcp(serverName);
      connection.connect(route, '', null);
    }
    this.#probe = null;
    connection.serverName = serverName;
    this.#connection.served.add(connection);
    connection.take(this.#transport, first, hasEnded);
  }

  #refuse(failure: Failure, serverName: string): void {
    this.#dropProbe();
    const connection = this.#newTcp(serverName);
    this.#connection.served.add(connection);
    connection.refuse(this.#transport, failure, '');
  }

  #newTcp(serverName: string): TcpConnection {
    const { peer, served } = this.#connection;
    return new TcpConnection(this.#destination.tcp, peer, serverName, (over) => served.delete(over));
  }
}

const [http10, http11, h2c] = DETECTED_HTTP;
const http1Names: readonly string[] = [http10, http11];
const http2Names: readonly string[] = [h2c];
