import { outboundListenerName, parseRouteConfigurationName } from '../../proto/names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { RouteLookup, RouteSource } from '../forward/forward-environment.ts';
import type { HttpSettings } from '../message/http-settings.ts';
import type { FilterChains } from '../route/filter-chains.ts';
import type { NamedListeners, NamedListenersAnswer } from './connect-tunnels.ts';
import { httpOnly } from './connect-tunnels.ts';
import type { NamedRoutes, NamedRoutesAnswer } from './outbound-routes.ts';
import { known } from './outbound-routes.ts';
import type { ChainsLookup } from './serve-outbound.ts';

/** The port of one service: whatever `Host` says, its requests are for that service. */
export class UpstreamPort implements RouteSource {
  readonly service: string;
  readonly #listeners: NamedListeners;
  readonly #routes: NamedRoutes;
  readonly #outboundHttp: { readonly current: HttpSettings };
  readonly #listenerName: string;
  readonly #routesName: string;
  #latest: FilterChains<Cluster> | null = null;

  /** `routesName` is that of the service's RouteConfiguration; `outboundHttp` holds where the service says nothing. */
  constructor(
    listeners: NamedListeners,
    routes: NamedRoutes,
    routesName: string,
    outboundHttp: { readonly current: HttpSettings },
  ) {
    this.#listeners = listeners;
    this.#routes = routes;
    this.#outboundHttp = outboundHttp;
    this.#routesName = routesName;
    const { host, port } = parseRouteConfigurationName(routesName) ?? { host: routesName, port: 80 };
    this.service = host;
    this.#listenerName = outboundListenerName(host, port);
  }

  serviceOf(): string {
    return this.service;
  }

  /** How HTTP is spoken here. */
  get current(): HttpSettings {
    return this.#latest?.http?.http ?? this.#outboundHttp.current;
  }

  /** What the connections of this port may carry. */
  chains(): ChainsLookup | Promise<ChainsLookup> {
    const answer = this.#listeners.resolve(this.#listenerName);
    return answer instanceof Promise ? answer.then((late) => this.#chainsOf(late)) : this.#chainsOf(answer);
  }

  #chainsOf(answer: NamedListenersAnswer): ChainsLookup | Promise<ChainsLookup> {
    if (answer === 'unknown') return 'configurationPending';
    if (answer !== 'absent') {
      this.#latest = answer;
      return answer;
    }
    // a control plane that says nothing of listeners may still have routes
    const routes = this.lookup();
    const judge = (found: RouteLookup): ChainsLookup => (typeof found === 'string' ? found : httpOnly);
    return routes instanceof Promise ? routes.then(judge) : judge(routes);
  }

  lookup(): RouteLookup | Promise<RouteLookup> {
    const answer: NamedRoutesAnswer | Promise<NamedRoutesAnswer> = this.#routes.resolve(
      this.#latest?.http?.routesName || this.#routesName,
    );
    return answer instanceof Promise ? answer.then(known) : known(answer);
  }
}
