import type { Input } from '../../../proto/load.ts';
import { messageType } from '../../../proto/load.ts';
import { PatternBudget, roomInWords, routeRoom } from '../../../proto/pattern-budget.ts';
import { regexFault } from '../../../proto/safe-regex.ts';
import { ROUTE_CONFIGURATION_TYPE_URL } from '../../../proto/type-urls.ts';
import { validateResource } from '../../../proto/validate/resource.ts';
import { patternsOfMatch, patternsOfRule } from './route-patterns.ts';

type RouteConfiguration = Input<'envoy.config.route.v3.RouteConfiguration'>;
type Route = Input<'envoy.config.route.v3.Route'>;

/** Of all routes of one service port together. A sidecar takes 4 MiB, of which names and framing need a little. */
const maxRouteBytes = 3 * 1024 * 1024;

/**
 * One route that a sidecar refuses would make it refuse them all, and keep what it had for good. So what is wrong with
 * one route stays with that route: it answers 500 and says why. Where even its conditions cannot be sent, it is left out.
 *
 * Routes become too large together when a rule with many matches also changes many headers, since each match carries
 * the changes; then the largest ones answer 500.
 *
 * Routes have more patterns together than a sidecar compiles when several documents with many are attached to one port; then
 * those are left out that come last in precedence, which their documents say in their status (`CrowdedRoutes`).
 *
 * Null when nothing is wrong, as it should be: the model refuses what cannot be served in one document. `bytes` are the
 * encoded configuration, whose only virtual host has all the routes.
 */
export function soundRoutes(configuration: RouteConfiguration, bytes: Buffer): RouteConfiguration | null {
  const [host, ...others] = configuration.virtual_hosts ?? [];
  if (host === undefined || others.length > 0) return null;
  const withRoutes = (routes: readonly (Route | null)[]): RouteConfiguration => ({
    ...configuration,
    virtual_hosts: [{ ...host, routes: routes.filter((route) => route !== null) }],
  });
  let sound: RouteConfiguration | null = null;
  let encoded = bytes;
  const replace = (change: (routes: (Route | null)[]) => void) => {
    const routes: (Route | null)[] = [...((sound ?? configuration).virtual_hosts?.[0]?.routes ?? [])];
    change(routes);
    sound = withRoutes(routes);
    encoded = messageType('envoy.config.route.v3.RouteConfiguration').encode(sound);
  };
  if (encoded.length > maxRouteBytes) replace(shrink);
  const faulty = patternFaults((sound ?? configuration).virtual_hosts?.[0]?.routes ?? []);
  if (faulty.size > 0) {
    replace((routes) => {
      for (const [index, instead] of faulty) routes[index] = instead;
    });
  }
  // A validator reports so many faults and no more, so there may be another round.
  for (let faults = routeFaults(configuration.name ?? '', encoded); faults.size > 0; ) {
    replace((routes) => {
      for (const [index, { reason, isInMatch }] of faults) {
        const route = routes[index];
        // What is still wrong with a route that answers 500 can only be cured by leaving it out.
        if (route) routes[index] = isInMatch || route.direct_response ? null : refusal(route, reason);
      }
    });
    faults = routeFaults(configuration.name ?? '', encoded);
  }
  return sound;
}

/**
 * What stands for routes whose patterns cannot be sent, or not all together, by their position: in one pass, since thousands
 * may be too many where a validator reports a hundred.
 */
function patternFaults(routes: readonly Route[]): ReadonlyMap<number, Route | null> {
  const faults = new Map<number, Route | null>();
  const room = new PatternBudget(routeRoom);
  for (const [index, route] of routes.entries()) {
    const conditions = patternsOfMatch(route);
    if (!room.take(conditions) || conditions.some((pattern) => regexFault(pattern) !== null)) {
      faults.set(index, null);
      continue;
    }
    const others = patternsOfRule(route);
    const reason = room.take(others)
      ? (others.map(regexFault).find((fault) => fault !== null) ?? null)
      : `the rules of a service have ${roomInWords(routeRoom)}`;
    if (reason !== null) faults.set(index, refusal(route, `the rule cannot be served: ${reason}`));
  }
  return faults;
}

interface RouteFault {
  readonly reason: string;
  readonly isInMatch: boolean;
}

/** What is wrong with single routes, by their position; each replacement leaves fewer of them. */
function routeFaults(name: string, bytes: Buffer): ReadonlyMap<number, RouteFault> {
  const faults = new Map<number, RouteFault>();
  for (const { path, message } of validateResource(ROUTE_CONFIGURATION_TYPE_URL, name, bytes).violations) {
    const [, index, field = ''] = /^virtual_hosts\[0\]\.routes\[(\d+)\]\.?(.*)$/s.exec(path) ?? [];
    if (index === undefined) continue;
    const isInMatch = /^match\b/.test(field);
    if (isInMatch || !faults.has(Number(index))) {
      faults.set(Number(index), { reason: `the rule cannot be served: ${field}: ${message}`, isInMatch });
    }
  }
  return faults;
}

/** Makes the largest routes small until all fit, and leaves the largest of those out when that is not enough. */
function shrink(routes: (Route | null)[]): void {
  const sizeOf = (route: Route | null) =>
    route === null ? 0 : messageType('envoy.config.route.v3.Route').encode(route).length;
  const reason = `the rules of this service need more than ${maxRouteBytes} bytes, and this one is among the largest`;
  for (const smaller of [(route: Route) => refusal(route, reason), () => null]) {
    const sizes = routes.map(sizeOf);
    let total = sizes.reduce((sum, size) => sum + size, 0);
    const largestFirst = [...sizes.keys()].sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
    for (const index of largestFirst) {
      const route = routes[index];
      if (total <= maxRouteBytes) return;
      if (!route) continue;
      const change = sizeOf(smaller(route)) - (sizes[index] ?? 0);
      if (change >= 0) continue;
      routes[index] = smaller(route);
      total += change;
    }
  }
}

function refusal({ name = '', match = null, metadata = null }: Route, reason: string): Route {
  // Envoy's bound for such a body is 4096 bytes.
  return { name, match, metadata, direct_response: { status: 500, body: { inline_string: reason.slice(0, 1000) } } };
}
