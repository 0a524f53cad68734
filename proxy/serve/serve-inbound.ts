import { ALPN_TCP } from '../../proto/names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { RouteLookup, RouteSource } from '../forward/forward-environment.ts';
import type { TcpEnvironment } from '../forward-tcp.ts';
import { TcpConnection } from '../forward-tcp.ts';
import type { NewConnection } from '../listener/accepted-connection.ts';
import type { HttpCodecOptions } from '../listener/http-codecs.ts';
import { serveNewHttp } from '../listener/http-codecs.ts';
import type { HttpSettings } from '../message/http-settings.ts';
import { defaultHttpSettings } from '../message/http-settings.ts';
import type { FilterChains, HttpChain, TcpChain } from '../route/filter-chains.ts';
import { deafHandler } from '../transport/transport.ts';

/** What one application port takes from other sidecars, exchanged between two connections. */
export class InboundPortChains implements RouteSource {
  readonly service: string;
  #http: HttpChain<Cluster> | null = null;
  #tcp: TcpChain<Cluster> | null = null;
  #isKnown = false;
  #wasTold = false;
  readonly #waitMs: number;
  #told: Promise<void> | null = null;
  #tell: () => void = () => {};

  /**
   * `service`: the host of the one that the application belongs to, empty where it is not known. `waitMs`: how long the first
   * connections wait for the first word. Default 5 s.
   */
  constructor(service: string, waitMs = 5_000) {
    this.service = service;
    this.#waitMs = waitMs;
  }

  /**
   * Null while it is known what is served. Callers may hear of this instance sooner than it hears from the control plane:
   * their connections wait for that, at most `waitMs`, and are then answered with the reason. So they do when what was
   * known has been taken back: one that starts again has it from its disk, is told that there is no such instance, and
   * then that there is, at the same time as its callers.
   */
  get told(): Promise<void> | null {
    if (this.#wasTold) return null;
    this.#told ??= new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#waitMs).unref();
      this.#tell = () => {
        clearTimeout(timer);
        resolve();
      };
    }).then(() => {
      this.#told = null;
    });
    return this.#told;
  }

  serviceOf(): string {
    return this.service;
  }

  /** Null takes the port out of service. */
  set(chains: FilterChains<Cluster> | null): void {
    this.#wasTold = chains !== null;
    this.#isKnown = chains !== null;
    this.#http = chains?.http ?? null;
    const chain = chains?.find({ serverName: '', transportProtocol: 'tls', applicationProtocols: [ALPN_TCP] }) ?? null;
    this.#tcp = chain?.kind === 'tcp' ? chain : null;
    if (chains !== null) this.#tell();
  }

  /** How HTTP is spoken here. */
  get current(): HttpSettings {
    return this.#http?.http ?? defaultHttpSettings;
  }

  get tcp(): TcpChain<Cluster> | 'configurationPending' | 'protocolNotAllowed' {
    return this.#tcp ?? (this.#isKnown ? 'protocolNotAllowed' : 'configurationPending');
  }

  lookup(): RouteLookup | Promise<RouteLookup> {
    return this.told?.then(() => this.#served) ?? this.#served;
  }

  get #served(): RouteLookup {
    return this.#http?.table ?? (this.#isKnown ? 'protocolNotAllowed' : 'configurationPending');
  }
}

/** Takes a connection of another sidecar: what is inside was said in the handshake, and nothing needs to be guessed. */
export function serveInbound(
  connection: NewConnection,
  port: InboundPortChains,
  http: HttpCodecOptions,
  environment: TcpEnvironment,
): void {
  const { told } = port;
  if (told === null) {
    serveKnown(connection, port, http, environment);
    return;
  }
  let isGone = false;
  connection.transport.setHandler({
    ...deafHandler,
    onClose: () => {
      isGone = true;
    },
  });
  void told.then(() => {
    if (!isGone) serveKnown(connection, port, http, environment);
  });
}

function serveKnown(
  connection: NewConnection,
  port: InboundPortChains,
  http: HttpCodecOptions,
  environment: TcpEnvironment,
): void {
  if (connection.alpnProtocol !== ALPN_TCP) {
    serveNewHttp(connection, http);
    return;
  }
  const { transport, peer, served } = connection;
  const { tcp } = port;
  const carried = new TcpConnection(environment, peer, '', (over) => served.delete(over));
  served.add(carried);
  transport.pause(); // until there is an upstream
  transport.startReading();
  if (typeof tcp === 'string') {
    carried.refuse(transport, tcp, '');
    return;
  }
  const refusal = tcp.rate === null ? null : tcp.rate.refusal();
  if (refusal !== null) {
    carried.refuse(transport, 'connectionRateLimited', refusal);
    return;
  }
  carried.connect(tcp.route, '', null);
  carried.take(transport, null, false);
}
