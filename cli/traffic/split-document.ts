import type { HttpRoute } from '../../control-plane/model/http-route.ts';
import { CliError, exitCodes } from '../cli-error.ts';

/** Weights by version, in the order in which they were written; never empty, their sum above 0. */
export type Shares = ReadonlyMap<string, number>;

/** `v1=90 v2=10` as it stands on the command line. */
export function readShares(words: readonly string[]): Shares {
  const shares = new Map<string, number>();
  const example = 'heddle route cart v1=90 v2=10';
  for (const word of words) {
    const match = /^([A-Za-z0-9](?:[-A-Za-z0-9.]{0,61}[A-Za-z0-9])?)=(\d{1,7})$/.exec(word);
    if (match === null || Number(match[2]) > 1_000_000) {
      throw new CliError(`"${word}" is no share: write <version>=<weight>, 0 to 1000000`, example, exitCodes.usage);
    }
    const [, version = '', weight] = match;
    if (shares.has(version)) throw new CliError(`${version} twice`, example, exitCodes.usage);
    shares.set(version, Number(weight));
  }
  if (![...shares.values()].some((weight) => weight > 0)) {
    throw new CliError('nothing has a share: requests would go nowhere', example, exitCodes.usage);
  }
  return shares;
}

/** The HTTPRoute that splits the requests to a service among its versions; it is named as the service is. */
export function splitDocument(service: string, namespace: string, port: number, shares: Shares): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: service, namespace },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: service }],
      rules: [
        {
          backendRefs: [...shares].map(([version, weight]) => ({ name: `${service}-${version}`, port, weight })),
        },
      ],
    },
  };
}

/**
 * What a route of the service's name says now, where it is a split and nothing else.
 *
 * @throws CliError where it says more, which a new split would take away
 */
export function sharesOf(route: HttpRoute, service: string): Shares {
  const [rule, ...others] = route.spec.rules;
  const [parent, ...parents] = route.spec.parentRefs;
  const isPlain =
    rule !== undefined &&
    others.length + parents.length === 0 &&
    parent?.name === service &&
    rule.matches.every(({ path, method, headers, queryParams }) => {
      const takesAll = path.type === 'PathPrefix' && path.value === '/';
      return takesAll && method === undefined && headers.length + queryParams.length === 0;
    }) &&
    rule.filters.length === 0 &&
    rule.timeouts === undefined &&
    rule.retry === undefined &&
    rule.backendRefs.every(({ name }) => name.startsWith(`${service}-`));
  if (!isPlain) {
    throw new CliError(
      `HTTPRoute ${service} has rules of its own, which a split would take away`,
      `heddle get httproute ${service} > ${service}.yaml, change its backendRefs, and heddle apply -f ${service}.yaml`,
    );
  }
  return new Map(rule.backendRefs.map(({ name, weight }) => [name.slice(service.length + 1), weight]));
}

/** `v1 100 → 90 %   v2 0 → 10 %`; without what was before where nothing was said before. */
export function changeInWords(before: Shares | null, after: Shares): string {
  const versions = new Set([...(before?.keys() ?? []), ...after.keys()]);
  return [...versions]
    .map((version) => {
      const now = shareIn(after, version);
      if (before === null) return `${version} ${now} %`;
      const then = shareIn(before, version);
      return then === now ? `${version} ${now} %` : `${version} ${then} → ${now} %`;
    })
    .join('   ');
}

/** `v1=100 v2=0`, to be typed. */
export function sharesInWords(shares: Shares): string {
  return [...shares].map(([version, weight]) => `${version}=${weight}`).join(' ');
}

/** In percent, with a decimal where it takes one. */
function shareIn(shares: Shares, version: string): string {
  const sum = [...shares.values()].reduce((total, weight) => total + weight, 0);
  const percent = (100 * (shares.get(version) ?? 0)) / Math.max(sum, 1);
  return String(Math.round(percent * 10) / 10);
}
