/**
 * `hostnames` of a route beside the hosts of an ExternalService. As at a listener of Gateway API: none are all, `*.example.com`
 * takes every host below example.com, and of routes for one host the one that says most of it comes first. Unlike there, a
 * hostname takes a wildcard host as a whole or not at all.
 *
 * Source: Gateway API v1, `HTTPRouteSpec.hostnames`.
 */
export function takesHost(hostnames: readonly string[], host: string): boolean {
  return hostnames.length === 0 || hostnames.some((hostname) => covers(hostname, host));
}

/** More for what comes first: a name before a wildcard, the longer before the shorter; 0 where nothing is said of the host. */
export function hostRank(hostnames: readonly string[], host: string): number {
  return hostnames.reduce((most, hostname) => (covers(hostname, host) ? Math.max(most, rankOf(hostname)) : most), 0);
}

/** Of a wildcard host a part, which Gateway API would take and we do not. */
export function isPartOf(hostname: string, host: string): boolean {
  return hostname !== host && covers(host, hostname);
}

function covers(hostname: string, host: string): boolean {
  return hostname === host || (hostname.startsWith('*.') && host.endsWith(hostname.slice(1)));
}

/** No host name has more characters than 253. */
const aName = 1000;

function rankOf(hostname: string): number {
  return hostname.startsWith('*.') ? hostname.length : aName + hostname.length;
}
