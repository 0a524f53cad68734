import type { HttpRoute } from '../../control-plane/model/http-route.ts';
import { isServiceReference } from '../../control-plane/model/object-reference.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import type { HeaderValue } from '../option-values.ts';
import { keptMetadata } from './kept-metadata.ts';

/** Weights by version, in the order in which they were written; never empty, their sum above 0. */
export type Shares = ReadonlyMap<string, number>;

/** Every instance of the service, whatever its version. */
const everyVersion = '';
export const noSplit: Shares = new Map([[everyVersion, 1]]);

/** One rule of the routes that `heddle route` writes. */
export interface SplitRule {
  /** A request must have all of them; without any, the rule is for all requests that no other one takes. */
  readonly headers: readonly HeaderValue[];
  readonly shares: Shares;
}

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

/**
 * The rules with a new one for these headers, in the place of the old one. Rules with headers come first, and there is always
 * one for all other requests.
 */
export function withRule(rules: readonly SplitRule[], rule: SplitRule): readonly SplitRule[] {
  const others = rules.filter(({ headers }) => keyOf(headers) !== keyOf(rule.headers));
  const all = [...others, rule];
  const rest = all.find(({ headers }) => headers.length === 0) ?? { headers: [], shares: noSplit };
  return [...all.filter(({ headers }) => headers.length > 0), rest];
}

/** The rules without that one; empty where nothing is left that a route would have to say. */
export function withoutRule(rules: readonly SplitRule[], headers: readonly HeaderValue[]): readonly SplitRule[] {
  const left = rules.filter((rule) => keyOf(rule.headers) !== keyOf(headers));
  return left.every(({ shares }) => shares.has(everyVersion)) ? [] : left;
}

export function ruleFor(rules: readonly SplitRule[], headers: readonly HeaderValue[]): SplitRule | null {
  return rules.find((rule) => keyOf(rule.headers) === keyOf(headers)) ?? null;
}

function keyOf(headers: readonly HeaderValue[]): string {
  return JSON.stringify(headers.map(({ name, value }) => `${name.toLowerCase()}: ${value}`).sort());
}

/** The HTTPRoute of these rules; it is named as the service is. */
export function splitDocument(
  service: string,
  namespace: string,
  port: number,
  rules: readonly SplitRule[],
  before: HttpRoute | null,
): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: keptMetadata(service, namespace, before),
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: service }],
      rules: rules.map(({ headers, shares }) => ({
        ...(headers.length > 0 && { matches: [{ headers: headers.map(({ name, value }) => ({ name, value })) }] }),
        backendRefs: [...shares].map(([version, weight]) => ({
          name: version === everyVersion ? service : `${service}-${version}`,
          port,
          weight,
        })),
      })),
    },
  };
}

/**
 * What a route of the service's name says now, where it is splits and nothing else.
 *
 * @throws CliError where it says more, which a new split would take away
 */
export function splitRulesOf(route: HttpRoute, service: string): readonly SplitRule[] {
  const rules = plainRulesOf(route, service);
  if (rules !== null) return rules;
  throw new CliError(
    `HTTPRoute ${service} has rules of its own, which a split would take away`,
    `heddle get httproute ${service} > ${service}.yaml, change its backendRefs, and heddle apply -f ${service}.yaml`,
  );
}

/** Whether the route says splits and nothing else. */
export function isSplit(route: HttpRoute, service: string): boolean {
  return plainRulesOf(route, service) !== null;
}

function plainRulesOf(route: HttpRoute, service: string): readonly SplitRule[] | null {
  const [parent, ...parents] = route.spec.parentRefs;
  const rules = route.spec.rules.map((rule) => splitRuleOf(rule, service));
  const { hostnames = [], useDefaultGateways, rules: written } = route.spec;
  const { namespace } = route.metadata;
  const isPlain =
    parents.length === 0 &&
    parent?.name === service &&
    isServiceReference(parent) &&
    (parent.namespace ?? namespace) === namespace &&
    parent.port === undefined &&
    parent.sectionName === undefined &&
    hostnames.length === 0 &&
    useDefaultGateways === undefined;
  const ports = new Set(written.flatMap(({ backendRefs }) => backendRefs.map(({ port }) => port)));
  const distinct = new Set(rules.map((rule) => keyOf(rule?.headers ?? [])));
  if (!isPlain || ports.size > 1 || rules.some((rule) => rule === null) || distinct.size < rules.length) return null;
  return rules.filter((rule) => rule !== null);
}

function splitRuleOf(rule: HttpRoute['spec']['rules'][number], service: string): SplitRule | null {
  const [match, ...others] = rule.matches;
  const isPlain =
    others.length === 0 &&
    (match === undefined ||
      (match.path.type === 'PathPrefix' &&
        match.path.value === '/' &&
        match.method === undefined &&
        match.queryParams.length === 0 &&
        match.headers.every(({ type }) => type === 'Exact'))) &&
    rule.name === undefined &&
    rule.filters.length === 0 &&
    rule.timeouts === undefined &&
    rule.retry === undefined &&
    rule.sessionPersistence === undefined &&
    rule.backendRefs.length > 0 &&
    rule.backendRefs.every(
      (backend) =>
        isServiceReference(backend) &&
        (backend.name === service || backend.name.startsWith(`${service}-`)) &&
        (backend.filters ?? []).length === 0 &&
        backend.namespace === undefined,
    ) &&
    new Set(rule.backendRefs.map(({ name }) => name)).size === rule.backendRefs.length;
  if (!isPlain) return null;
  return {
    headers: (match?.headers ?? []).map(({ name, value }) => ({ name, value })),
    shares: new Map(
      rule.backendRefs.map(({ name, weight }) => [
        name === service ? everyVersion : name.slice(service.length + 1),
        weight,
      ]),
    ),
  };
}

/**
 * `v1 100 → 90 %   v2 0 → 10 %`; without what was before where nothing was said before, and with a word about the versions
 * that are missing.
 */
export function changeInWords(
  before: Shares | null,
  after: Shares,
  missing: ReadonlySet<string> = new Set<string>(),
): string {
  const told = before?.has(everyVersion) ? null : before;
  const versions = new Set([...(told?.keys() ?? []), ...after.keys()]);
  return [...versions]
    .map((version) => {
      const name = version === everyVersion ? 'every version' : version;
      const now = shareIn(after, version);
      if (told === null) return `${name} ${now} %${missing.has(version) ? ' (missing)' : ''}`;
      const then = shareIn(told, version);
      return then === now ? `${name} ${now} %` : `${name} ${then} → ${now} %`;
    })
    .join('   ');
}

/** `requests with x-user: jason`; nothing for all of them. */
export function headersInWords(headers: readonly HeaderValue[]): string {
  return headers.length === 0
    ? ''
    : `requests with ${headers.map(({ name, value }) => `${name}: ${value}`).join(' and ')}`;
}

/** In percent, with a decimal where it takes one. */
function shareIn(shares: Shares, version: string): string {
  const sum = [...shares.values()].reduce((total, weight) => total + weight, 0);
  const percent = (100 * (shares.get(version) ?? 0)) / Math.max(sum, 1);
  return String(Math.round(percent * 10) / 10);
}
