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
import type { FilterChains, HttpChain } from '../route/filter-chains.ts';
import type { TcpRoute } from '../route/tcp-route.ts';

/** What one application port takes from other sidecars, exchanged between two connections. */
export class InboundPortChains implements RouteSource {
  readonly service = '';
  #http: HttpChain<Cluster> | null = null;
  #tcp: TcpRoute<Cluster> | null = null;
  #isKnown = false;

  /** Null takes the port out of service. */
  set(chains: FilterChains<Cluster> | null): void {
    this.#isKnown = chains !== null;
    this.#http = chains?.http ?? null;
    const chain = chains?.find({ serverName: '', transportProtocol: 'tls', applicationProtocols: [ALPN_TCP] }) ?? null;
    this.#tcp = chain?.kind === 'tcp' ? chain.route : null;
  }

  /** How HTTP is spoken here. */
  get current(): HttpSettings {
    return this.#http?.http ?? defaultHttpSettings;
  }

  get tcp(): TcpRoute<Cluster> | 'configurationPending' | 'protocolNotAllowed' {
    return this.#tcp ?? (this.#isKnown ? 'protocolNotAllowed' : 'configurationPending');
  }

  lookup(): RouteLookup {
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
  if (connection.alpnProtocol !== ALPN_TCP) {
    serveNewHttp(connection, http);
    return;
  }
  const { transport, peer, served } = connection;
  const { tcp: route } = port;
  const carried = new TcpConnection(environment, peer, '', (over) => served.delete(over));
  served.add(carried);
  transport.pause(); // until there is an upstream
  transport.startReading();
  if (typeof route === 'string') {
    carried.refuse(transport, route, '');
    return;
  }
  carried.connect(route, '', null);
  carried.take(transport, null, false);
}
