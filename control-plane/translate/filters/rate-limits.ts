import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { LOCAL_RATE_LIMIT_FILTER, PEER_PRINCIPAL, RATE_LIMIT_EXPRESSION } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import { withQuery } from '../../model/traffic-policy/pattern-with-query.ts';
import type { RateLimitRule, RateLimitSelector } from '../../model/traffic-policy/rate-limit.ts';
import { rateUnits } from '../../model/traffic-policy/rate-limit.ts';
import type { Abilities } from '../view/abilities.ts';

type Route = Input<'envoy.config.route.v3.Route'>;
type RateLimit = Input<'envoy.config.route.v3.RateLimit'>;
type Action = NonNullable<RateLimit['actions']>[number];
type HeaderMatcher = Input<'envoy.config.route.v3.HeaderMatcher'>;
type LocalRateLimit = Input<'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit'>;
type Descriptor = NonNullable<LocalRateLimit['descriptors']>[number];
type Entry = NonNullable<Descriptor['entries']>[number];

/** One condition of a selector: what is done to a request, and the entry that a limit asks for. */
interface Condition {
  readonly action: Action;
  readonly entry: Entry;
}

/** Values of a header, and callers, that one sidecar counts for themselves; the least lately seen makes room. */
const MAX_DYNAMIC_DESCRIPTORS = 1000;

/** An Envoy refuses a route without a bucket for the requests that no limit is for. */
const withoutEnd: LocalRateLimit = {
  token_bucket: {
    max_tokens: 4_294_967_295,
    tokens_per_fill: { value: 4_294_967_295 },
    fill_interval: msToDuration(1000),
  },
  always_consume_default_token_bucket: { value: false },
};

const all = { default_value: { numerator: 100, denominator: 'HUNDRED' as const } };

/** The route with the limits of the services that it belongs to; as it is where there are none. */
export function withRateLimits(route: Route, rules: readonly RateLimitRule[], client: Pick<Abilities, 'stock'>): Route {
  if (rules.length === 0) return route;
  return {
    ...route,
    typed_per_filter_config: {
      ...route.typed_per_filter_config,
      [LOCAL_RATE_LIMIT_FILTER]: pack(
        'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit',
        localRateLimit(rules, client),
      ),
    },
  };
}

function localRateLimit(rules: readonly RateLimitRule[], client: Pick<Abilities, 'stock'>): LocalRateLimit {
  const limits = rules.flatMap(({ clientSelectors = [{}], limit }, rule) =>
    clientSelectors.map((selector, index) => ({
      conditions: conditionsOf(`${rule}.${index}`, selector, client),
      limit,
    })),
  );
  return {
    stat_prefix: 'local_rate_limit',
    ...(client.stock && withoutEnd),
    filter_enabled: all,
    filter_enforced: all,
    rate_limited_as_resource_exhausted: true,
    max_dynamic_descriptors: { value: MAX_DYNAMIC_DESCRIPTORS },
    rate_limits: limits.map(({ conditions }) => ({ actions: conditions.map(({ action }) => action) })),
    descriptors: limits.map(({ conditions, limit: { requests, unit } }) => ({
      entries: conditions.map(({ entry }) => entry),
      token_bucket: {
        max_tokens: requests,
        tokens_per_fill: { value: requests },
        fill_interval: msToDuration(rateUnits[unit] * 1000),
      },
    })),
  };
}

/** Whether it takes a sidecar that knows patterns; without them a limit would be for others as well. */
export function hasPattern({ headers = [], path }: RateLimitSelector): boolean {
  return path?.type === 'RegularExpression' || headers.some(({ type }) => type === 'RegularExpression');
}

/**
 * The first entry tells one rule from another that asks for the same. A caller is compared by the action where nobody
 * compares the entries of a limit, as towards a rate limit service that is told the limit.
 */
export function conditionsOf(
  rule: string,
  { headers = [], methods = [], path, principal }: RateLimitSelector,
  { stock }: Pick<Abilities, 'stock'>,
  callers: 'compared' | 'told' = 'told',
): Condition[] {
  return [
    {
      action: { generic_key: { descriptor_key: 'rule', descriptor_value: rule } },
      entry: { key: 'rule', value: rule },
    },
    ...headers.map(({ type, name, value = '', invert = false }, index) =>
      type === 'Distinct'
        ? everyValueOf(name, index)
        : fits(
            `header${index}`,
            [{ name, string_match: type === 'Exact' ? { exact: value } : { safe_regex: { regex: value } } }],
            !invert,
          ),
    ),
    ...(methods.length === 0 ? [] : [methodIn(methods.map(({ value }) => value))]),
    ...(path === undefined ? [] : pathConditions(path)),
    ...(principal === undefined ? [] : [callerIs(principal.value, callers, stock)]),
  ];
}

function everyValueOf(name: string, index: number): Condition {
  const key = `value${index}`;
  return { action: { request_headers: { header_name: name, descriptor_key: key } }, entry: { key, value: '' } };
}

function fits(key: string, headers: readonly HeaderMatcher[], expected: boolean): Condition {
  return {
    action: {
      header_value_match: {
        descriptor_key: key,
        descriptor_value: 'yes',
        expect_match: { value: expected },
        headers: [...headers],
      },
    },
    entry: { key, value: 'yes' },
  };
}

/** A matcher has one text and no list of them: one of the methods it is when it is not none of them. */
function methodIn(methods: readonly string[]): Condition {
  const headers = methods.map((method) => ({ name: ':method', string_match: { exact: method }, invert_match: true }));
  return fits('method', headers, false);
}

/** `/a` is `/a` and all below it, not `/ab`, as in a route; the header `:path` has the query behind it. */
function pathConditions({ type, value, invert = false }: NonNullable<RateLimitSelector['path']>): Condition[] {
  if (type === 'RegularExpression') {
    return [fits('path', [{ name: ':path', string_match: { safe_regex: { regex: withQuery(value) } } }], !invert)];
  }
  const path = (match: NonNullable<HeaderMatcher['string_match']>) => ({
    name: ':path',
    string_match: match,
    invert_match: true,
  });
  const bare = type === 'PathPrefix' ? value.replace(/\/+$/, '') : value;
  if (type === 'PathPrefix' && bare === '' && !invert) return [];
  const ways = [path({ exact: bare }), path({ prefix: `${bare}?` })];
  if (type === 'PathPrefix') ways.push(path({ prefix: `${bare}/` }));
  return [fits('path', ways, invert)];
}

/** `value` is absent where each caller counts for itself. */
function callerIs(value: string | undefined, callers: 'compared' | 'told', stock: boolean): Condition {
  const id = value === undefined || value.startsWith('spiffe://') ? (value ?? '') : `spiffe://${value}`;
  const extension = stock
    ? { name: RATE_LIMIT_EXPRESSION, typed_config: callerExpression(callers === 'compared' ? id : '') }
    : {
        name: PEER_PRINCIPAL,
        typed_config: pack('heddle.v1.PeerPrincipal', callers === 'compared' ? { exact: id } : {}),
      };
  return { action: { extension }, entry: { key: callerKey, value: id } };
}

/** As PeerPrincipal, for an Envoy: what is not in a map is an error, and after one the limit does not apply. */
function callerExpression(exact: string) {
  const caller = 'connection.uri_san_peer_certificate';
  const quoted = JSON.stringify(exact);
  const text = exact === '' ? caller : `{${quoted}: ${quoted}}[${caller}]`;
  return pack('envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor', { descriptor_key: callerKey, text });
}

const callerKey = 'peer_principal';
