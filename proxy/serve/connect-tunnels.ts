import { outboundListenerName, parseRouteConfigurationName } from '../../proto/names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { splitAuthority } from '../cluster/passthrough.ts';
import type { Failure } from '../failure.ts';
import type { RouteLookup, RouteSource, TunnelOutcome, Tunnels } from '../forward/forward-environment.ts';
import type { TcpEnvironment } from '../forward-tcp.ts';
import { TcpConnection } from '../forward-tcp.ts';
import type { AcceptedConnection } from '../listener/accepted-connection.ts';
import { defaultHttpSettings } from '../message/http-settings.ts';
import { RequestHead } from '../message-head.ts';
import type { FilterChains } from '../route/filter-chains.ts';
import { FilterChains as Chains } from '../route/filter-chains.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { TcpRoute } from '../route/tcp-route.ts';
import type { NamedRoutes, ProxyPortRoutes } from './outbound-routes.ts';
import { TunnelRoutes } from './outbound-routes.ts';
import type { ChainsLookup, OutboundDestination } from './serve-outbound.ts';
import { serveTunnel } from './serve-outbound.ts';

/** What ports carry, by the name of their listener, asked of the control plane on first use. */
export interface NamedListeners {
  resolve(name: string): NamedListenersAnswer | Promise<NamedListenersAnswer>;
}

/** `absent`: there is no such service or port. `unknown`: the control plane has not answered. */
export type NamedListenersAnswer = FilterChains<Cluster> | 'absent' | 'unknown';

export interface ConnectTunnelsOptions {
  readonly listeners: NamedListeners;
  readonly routes: NamedRoutes;
  /** What the proxy port answers to requests: it knows what is outside the mesh. */
  readonly proxyRoutes: ProxyPortRoutes;
  /** The policy for hosts outside the mesh. */
  readonly unknownHosts: () => RouteTable<Cluster> | null;
  /** How what is inside a tunnel is served when it turns out to be HTTP. */
  readonly destinationOf: (routes: RouteSource) => Omit<OutboundDestination, 'chains'>;
  readonly tcp: TcpEnvironment;
}

/** Of hosts outside the mesh (Envoy's default for `tcp_proxy`). */
const IDLE_TIMEOUT_MS = 3_600_000;

/**
 * CONNECT on the HTTP proxy port: tunnels to ports of the mesh, in which the protocol is found out as on a port of that
 * service; and to hosts outside, as far as the policy for them goes, whose bytes are only carried. A destination that is
 * known to be TCP is connected to before the client is answered, so that the answer says how that went.
 *
 * Source: RFC 9110 section 9.3.6.
 */
export class ConnectTunnels implements Tunnels {
  readonly #options: ConnectTunnelsOptions;
  readonly #connection: AcceptedConnection;

  /** `connection` is the one on which CONNECT came. */
  constructor(options: ConnectTunnelsOptions, connection: AcceptedConnection) {
    this.#options = options;
    this.#connection = connection;
  }

  open(authority: string, outcome: TunnelOutcome): () => void {
    const tunnel = new OpeningTunnel(outcome);
    const name = this.#options.proxyRoutes.nameOf(authority);
    const service = name === null ? null : parseRouteConfigurationName(name);
    if (name === null || service === null) {
      this.#beyond(authority, tunnel);
      return () => tunnel.cancel();
    }
    const chains = this.#options.listeners.resolve(outboundListenerName(service.host, service.port));
    const settle = (found: NamedListenersAnswer): void => {
      if (tunnel.isOver) return;
      if (found === 'unknown') tunnel.refuse('configurationPending', '');
      else if (found === 'absent') this.#beyond(authority, tunnel);
      else this.#into(found, name, authority, tunnel);
    };
    if (chains instanceof Promise) void chains.then(settle);
    else settle(chains);
    return () => tunnel.cancel();
  }

  /** A port of the mesh. */
  #into(chains: FilterChains<Cluster>, routesName: string, authority: string, tunnel: OpeningTunnel): void {
    const { tls, http } = chains.inspection;
    const { plain } = chains;
    if (!tls && !http && plain?.kind === 'tcp') this.#connect(plain.route, authority, tunnel);
    else this.#serve(chains, plain?.kind === 'http' ? plain.routesName : routesName, tunnel);
  }

  /** What is said inside is looked at. */
  #serve(chains: ChainsLookup, routesName: string, tunnel: OpeningTunnel): void {
    const { routes, proxyRoutes, destinationOf } = this.#options;
    const nameOf = (authority: string) => proxyRoutes.nameOf(authority);
    const destination = destinationOf(new TunnelRoutes(routes, routesName, nameOf));
    tunnel.accept((transport, first) => serveTunnel(this.#connection, transport, destination, chains, first));
  }

  /** The mesh has no listener of that name: the proxy port knows whether it is outside, or a mistake. */
  #beyond(authority: string, tunnel: OpeningTunnel): void {
    const head = new RequestHead();
    head.authority = authority;
    head.path = '/';
    const settle = (found: RouteLookup): void => {
      if (tunnel.isOver) return;
      if (typeof found === 'string') tunnel.refuse(found, '');
      else if (found === this.#options.unknownHosts()) this.#outside(found, head, tunnel);
      // routes without a listener: the control plane only knows of HTTP
      else this.#serve(httpOnly, this.#options.proxyRoutes.nameOf(authority) ?? '', tunnel);
    };
    const found = this.#options.proxyRoutes.lookup(head);
    if (found instanceof Promise) void found.then(settle);
    else settle(found);
  }

  #outside(policy: RouteTable<Cluster>, head: RequestHead, tunnel: OpeningTunnel): void {
    const action = policy.match(head)?.action;
    if (action?.kind !== 'forward') {
      tunnel.refuse('unknownHost', '');
      return;
    }
    const { pick } = action;
    this.#connect(
      { name: 'allow_any', pick, idleTimeoutMs: IDLE_TIMEOUT_MS, maxConnectAttempts: 1, isBySource: false },
      head.authority,
      tunnel,
    );
  }

  #connect(route: TcpRoute<Cluster>, authority: string, tunnel: OpeningTunnel): void {
    const { peer, served } = this.#connection;
    const { host } = splitAuthority(authority);
    const connection = new TcpConnection(this.#options.tcp, peer, host, (over) => served.delete(over));
    tunnel.onCancel = () => connection.cancel();
    connection.connect(route, authority, {
      onConnected: () => {
        tunnel.accept((transport, first) => {
          served.add(connection);
          connection.take(transport, first, false);
        });
      },
      onSpoken: () => connection.cancel(), // taken before it can
      onLost: (failure, detail) => tunnel.refuse(failure, detail),
    });
  }
}

/** Of a control plane that says nothing of listeners: all ports carry HTTP. */
export const httpOnly: FilterChains<Cluster> = new Chains<Cluster>(
  [],
  { kind: 'http', table: null, routesName: '', http: defaultHttpSettings },
  { tls: false, http: false, timeoutMs: 0, continuesOnTimeout: false },
);

/** A CONNECT that is not answered yet. */
class OpeningTunnel {
  isOver = false;
  onCancel: () => void = () => {};
  readonly #outcome: TunnelOutcome;

  constructor(outcome: TunnelOutcome) {
    this.#outcome = outcome;
  }

  accept(take: Parameters<TunnelOutcome['onOpened']>[0]): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#outcome.onOpened(take);
  }

  refuse(failure: Failure, detail: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#outcome.onRefused(failure, detail);
  }

  /** The client is gone before it was answered. */
  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onCancel();
  }
}
