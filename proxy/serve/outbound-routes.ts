import { isIP } from 'node:net';
import { isForbiddenAddress } from '../../proto/forbidden-addresses.ts';
import { parseRouteConfigurationName, routeConfigurationName, serviceHost } from '../../proto/names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { splitAuthority } from '../cluster/passthrough.ts';
import type { RouteLookup, RouteSource } from '../forward/forward-environment.ts';
import { RequestHead } from '../message-head.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { ExternalHosts } from './external-hosts.ts';

/** Route tables by the name of their RouteConfiguration, asked of the control plane on first use. */
export interface NamedRoutes {
  resolve(name: string): NamedRoutesAnswer | Promise<NamedRoutesAnswer>;
}

/** `absent`: there is no such service. `unknown`: the control plane has not answered. */
export type NamedRoutesAnswer = RouteTable<Cluster> | 'absent' | 'unknown';

/**
 * Inside a tunnel to a port of the mesh: its requests are for that port, and one that names another host was sent the wrong
 * way (RFC 9110 section 15.5.20).
 */
export class TunnelRoutes implements RouteSource {
  readonly service: string;
  readonly #routes: NamedRoutes;
  readonly #name: string;
  readonly #nameOf: (authority: string) => string | null;
  readonly #port: number;

  /** `nameOf` says which RouteConfiguration an authority means. */
  constructor(routes: NamedRoutes, name: string, nameOf: (authority: string) => string | null) {
    this.#routes = routes;
    this.#name = name;
    this.#nameOf = nameOf;
    const parsed = parseRouteConfigurationName(name);
    this.service = parsed?.host ?? name;
    this.#port = parsed?.port ?? 0;
  }

  serviceOf(): string {
    return this.service;
  }

  lookup({ authority }: RequestHead): RouteLookup | Promise<RouteLookup> {
    if (authority !== '' && !this.#isHere(authority)) return 'misdirectedRequest';
    const answer = this.#routes.resolve(this.#name);
    return answer instanceof Promise ? answer.then(known) : known(answer);
  }

  /** Clients may leave out the port that the tunnel leads to. */
  #isHere(authority: string): boolean {
    const hasPort = /:\d+$/.test(authority);
    return this.#nameOf(hasPort ? authority : `${authority}:${this.#port}`) === this.#name;
  }
}

/** What is beyond the services of the mesh; both null until the control plane has said. */
export interface Outside {
  /** The routes of the outbound listener: the policy for hosts that nobody has listed. */
  readonly unknownHosts: RouteTable<Cluster> | null;
  /** Hosts that are listed; null for none. */
  readonly external: ExternalHosts | null;
}

/** Names kept with the RouteConfiguration they stand for; programs call few hosts, and attackers many. */
const MAX_REMEMBERED_AUTHORITIES = 1000;

/**
 * The HTTP proxy port (`HTTP_PROXY`): the request's authority names the service. What is not in the mesh is left to
 * the policy for unknown hosts, which passes it through or refuses it.
 */
export class ProxyPortRoutes implements RouteSource {
  readonly service = '';
  readonly #routes: NamedRoutes;
  readonly #namespace: string;
  readonly #outside: () => Outside;
  readonly #names = new Map<string, string | null>();
  /** What the names were remembered beside. */
  #namesOf: ExternalHosts | null = null;
  #judged: RouteTable<Cluster> | null = null;
  #isClosed = false;

  /** `namespace` is where short names are looked up. */
  constructor(routes: NamedRoutes, namespace: string, outside: () => Outside) {
    this.#routes = routes;
    this.#namespace = namespace;
    this.#outside = outside;
  }

  serviceOf({ authority }: RequestHead): string {
    const name = authority === '' ? null : this.nameOf(authority);
    return name === null ? '' : (parseRouteConfigurationName(name)?.host ?? '');
  }

  lookup(head: RequestHead): RouteLookup | Promise<RouteLookup> {
    if (head.authority === '') return 'badRequest';
    const name = this.nameOf(head.authority);
    if (name === null) return this.#unknown(head.authority);
    const answer = this.#routes.resolve(name);
    if (answer instanceof Promise) {
      const { authority } = head;
      return answer.then((late) => (late === 'absent' ? this.#absent(authority) : known(late)));
    }
    return answer === 'absent' ? this.#absent(head.authority) : known(answer);
  }

  /**
   * The mesh has nothing at this port. Where it knows the host at the usual port the port is the mistake, and the request
   * must not be taken outside in plaintext.
   */
  #absent(authority: string): RouteLookup | Promise<RouteLookup> {
    const { host, port } = splitAuthority(authority);
    const usual = port === 80 ? null : routeNameOf(host, this.#namespace);
    if (usual === null) return this.#unknown(authority);
    const judge = (answer: NamedRoutesAnswer): RouteLookup => {
      if (answer === 'unknown') return 'configurationPending';
      return answer === 'absent' ? this.#unknown(authority) : 'unknownPort';
    };
    const answer = this.#routes.resolve(usual);
    return answer instanceof Promise ? answer.then(judge) : judge(answer);
  }

  #unknown(authority: string): RouteLookup {
    const { host } = splitAuthority(authority);
    const isLocal = isIP(host) === 0 ? /^(.*\.)?localhost\.?$/.test(host) : isForbiddenAddress(host);
    if (isLocal) return 'forbiddenDestination';
    // a name of the mesh that the mesh does not know is a mistake, and must not be looked for elsewhere in plaintext
    if (/\.svc(\.cluster\.local)?\.?$/.test(host)) return 'unknownHost';
    const { unknownHosts } = this.#outside();
    if (unknownHosts === null) return 'configurationPending';
    return this.#closes(unknownHosts) ? 'registryOnly' : unknownHosts;
  }

  /** Whether the policy lets nobody out; found out once for each. */
  #closes(unknownHosts: RouteTable<Cluster>): boolean {
    if (unknownHosts !== this.#judged) {
      const probe = new RequestHead();
      probe.authority = 'unknown.invalid';
      probe.path = '/';
      this.#judged = unknownHosts;
      this.#isClosed = unknownHosts.match(probe)?.name === 'block_all';
    }
    return this.#isClosed;
  }

  /** The RouteConfiguration that an authority means; null for what is neither in the mesh nor listed outside of it. */
  nameOf(authority: string): string | null {
    const { external } = this.#outside();
    if (external !== this.#namesOf) {
      this.#namesOf = external;
      this.#names.clear();
    }
    const remembered = this.#names.get(authority);
    if (remembered !== undefined) return remembered;
    const name = external?.find(authority) ?? routeNameOf(authority, this.#namespace);
    if (this.#names.size >= MAX_REMEMBERED_AUTHORITIES) this.#names.clear();
    this.#names.set(authority, name);
    return name;
  }
}

/**
 * RouteConfiguration of the service that an authority names, seen from a namespace: `cart`, `cart.shop`,
 * `cart.shop.svc` or `cart.shop.svc.cluster.local`, each with an optional port (80 by default). Null for addresses and
 * for names that no service can have.
 */
export function routeNameOf(authority: string, namespace: string): string | null {
  const { host, port } = splitAuthority(authority);
  if (isIP(host) !== 0) return null;
  const match = serviceName.exec(host);
  if (match === null || match[1] === 'localhost' || match[2] === 'localhost') return null;
  return routeConfigurationName(serviceHost(match[1] as string, match[2] ?? namespace), port); // group 1 always takes part
}

/** RFC 1123 labels: name, and namespace with the domain of services written out as far as one likes. */
const serviceName =
  /^([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.svc(?:\.cluster\.local)?)?)?\.?$/;

/**
 * The RouteConfiguration of a declared upstream, `cart`, `cart.shop`, `cart:8080`, or a host outside the mesh with two dots at
 * least, `db.example.com:5432`; null when it is none of these.
 */
export function declaredRouteName(upstream: string, namespace: string): string | null {
  const name = routeNameOf(upstream.toLowerCase(), namespace) ?? outsideNameOf(upstream.toLowerCase());
  return name === null || parseRouteConfigurationName(name) === null ? null : name;
}

function outsideNameOf(upstream: string): string | null {
  const { host, port } = splitAuthority(upstream);
  const isName = isIP(host) === 0 && outsideHost.test(host) && !/\.(svc|localhost|cluster\.local)$/.test(host);
  return isName && port > 0 && port <= 65_535 ? `${host}:${port}` : null;
}

const outsideHost = /^(?=.{1,253}$)([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.){2,}[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What an answer means where the service is known by name. */
export function known(answer: NamedRoutesAnswer): RouteLookup {
  if (answer === 'absent') return 'unknownHost';
  return answer === 'unknown' ? 'configurationPending' : answer;
}
