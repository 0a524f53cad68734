import type { HttpRoute, HttpRouteRule } from '../../control-plane/model/http-route.ts';
import type { HeaderModifier, PathModifier } from '../../control-plane/model/http-route-filter.ts';
import type { HttpRouteMatch } from '../../control-plane/model/http-route-match.ts';

/**
 * What the Gateway API says becomes of a request, read off its text as directly as it goes and without regard to speed: the
 * other opinion that the sidecar's tables are compared with. It shares no code with either plane.
 *
 * Source: gateway-api `apis/v1/httproute_types.go` (the comments of HTTPRouteRule.matches, HTTPPathMatch,
 * HTTPRequestRedirectFilter, HTTPPathModifier, HTTPHeaderFilter), GEP-1426.
 */

export interface PlainRequest {
  readonly method: string;
  /** Path and, after a `?`, query. */
  readonly target: string;
  /** Host with the port that the client named, if any. */
  readonly authority: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Header names in lower case with all their values. */
export type HeaderTable = Readonly<Record<string, readonly string[]>>;

export type Decision =
  | { readonly kind: 'no match' }
  | { readonly kind: 'redirect'; readonly rule: string; readonly status: number; readonly location: string }
  /** By the sidecar itself, for want of a backend. */
  | { readonly kind: 'answer'; readonly rule: string; readonly status: number; readonly answer: HeaderTable }
  | {
      readonly kind: 'backends';
      readonly rule: string;
      readonly target: string;
      readonly host: string;
      /** Beside host, after the changes of the rule. */
      readonly headers: HeaderTable;
      /** What an answer with the header `x-answer: here` has, after the changes of the rule. */
      readonly answer: HeaderTable;
      /** Of as many requests as the weights add up to: how many each backend gets, and how many are answered 500. */
      readonly shares: Readonly<Record<string, number>>;
    };

interface Candidate {
  readonly route: HttpRoute;
  readonly rule: HttpRouteRule;
  readonly ruleIndex: number;
  readonly match: HttpRouteMatch;
  readonly matchIndex: number;
}

/** `servicePort` is the port of the Service that the request was made to; `exists` knows the backends there are. */
export function decide(
  routes: readonly HttpRoute[],
  request: PlainRequest,
  servicePort: number,
  exists: (backend: string) => boolean,
): Decision {
  const candidates = routes.flatMap((route) =>
    route.spec.rules.flatMap((rule, ruleIndex) =>
      rule.matches.map((match, matchIndex): Candidate => ({ route, rule, ruleIndex, match, matchIndex })),
    ),
  );
  const [chosen] = candidates.filter(({ match }) => holds(match, request)).sort(moreSpecificFirst);
  if (chosen === undefined) return { kind: 'no match' };
  const { route, rule, ruleIndex, match, matchIndex } = chosen;
  const name = `HTTPRoute/${route.metadata.namespace}/${route.metadata.name} ${ruleIndex} ${matchIndex}`;
  const [redirect] = rule.filters.flatMap(({ requestRedirect }) => requestRedirect ?? []);
  if (redirect !== undefined) {
    const { scheme = 'http', path } = redirect;
    const host = redirect.hostname ?? request.authority.replace(/:\d+$/, '');
    const listenerPort = redirect.scheme === undefined ? servicePort : { http: 80, https: 443 }[redirect.scheme];
    const port = redirect.port ?? listenerPort;
    const isUsual = port === { http: 80, https: 443 }[scheme];
    const location = `${scheme}://${host}${isUsual ? '' : `:${port}`}${withPath(request.target, path, match)}`;
    return { kind: 'redirect', rule: name, status: redirect.statusCode, location };
  }
  const [rewrite] = rule.filters.flatMap(({ urlRewrite }) => urlRewrite ?? []);
  const [requestChange] = rule.filters.flatMap(({ requestHeaderModifier }) => requestHeaderModifier ?? []);
  const [answerChange] = rule.filters.flatMap(({ responseHeaderModifier }) => responseHeaderModifier ?? []);
  const answer = changed([['x-answer', 'here']], answerChange);
  const shares = sharesOf(rule, exists);
  if (Object.keys(shares).every((backend) => backend === '500'))
    return { kind: 'answer', rule: name, status: 500, answer };
  return {
    kind: 'backends',
    rule: name,
    target: withPath(request.target, rewrite?.path, match),
    host: rewrite?.hostname ?? request.authority,
    headers: changed(request.headers, requestChange),
    answer,
    shares,
  };
}

function holds({ path, headers, queryParams, method }: HttpRouteMatch, request: PlainRequest): boolean {
  const [requestPath = '', query] = splitOnce(request.target, '?');
  const elements = requestPath.split('/').slice(1);
  const wanted = path.value.split('/').slice(1);
  if (wanted.at(-1) === '' && path.type === 'PathPrefix') wanted.pop(); // "a trailing `/` is ignored"
  const pathHolds =
    path.type === 'PathPrefix'
      ? wanted.every((element, index) => elements[index] === element) // "element by element"
      : textHolds(path.type, path.value, requestPath);
  const parameters = (query ?? '').split('&').map((parameter) => splitOnce(parameter, '='));
  return (
    pathHolds &&
    (method === undefined || method === request.method) &&
    headers.every(({ name, type, value }) => {
      const lower = name.toLowerCase();
      if (lower === 'host') {
        const host = request.authority.toLowerCase();
        return textHolds(type, type === 'Exact' ? value.toLowerCase() : value, host);
      }
      const values = request.headers.filter(([header]) => header.toLowerCase() === lower).map(([, written]) => written);
      return values.length > 0 && textHolds(type, value, values.join(', '));
    }) &&
    queryParams.every(({ name, type, value }) => {
      const found = query === undefined ? undefined : parameters.find(([parameter]) => parameter === name);
      return found !== undefined && textHolds(type, value, found[1] ?? '');
    })
  );
}

/** The specification leaves open what a pattern is; ours takes the whole text. Those that are tried mean the same in JavaScript. */
function textHolds(type: 'Exact' | 'RegularExpression', value: string, text: string): boolean {
  return type === 'Exact' ? text === value : new RegExp(`^(?:${value})$`).test(text);
}

/** The order of precedence, each line a sentence of the specification. */
function moreSpecificFirst(a: Candidate, b: Candidate): number {
  const kind = ({ match }: Candidate) => ['PathPrefix', 'RegularExpression', 'Exact'].indexOf(match.path.type);
  const characters = ({ match: { path } }: Candidate) =>
    path.type === 'PathPrefix' ? path.value.replace(/\/$/, '').length : path.value.length;
  const age = ({ route }: Candidate) => {
    const created = Date.parse(route.metadata.creationTimestamp ?? '');
    return Number.isNaN(created) ? Number.MAX_SAFE_INTEGER : created;
  };
  const name = ({ route }: Candidate) => `${route.metadata.namespace}/${route.metadata.name}`;
  const order =
    kind(b) - kind(a) ||
    (kind(a) === 2 ? 0 : characters(b) - characters(a)) ||
    Number(b.match.method !== undefined) - Number(a.match.method !== undefined) ||
    b.match.headers.length - a.match.headers.length ||
    b.match.queryParams.length - a.match.queryParams.length ||
    age(a) - age(b);
  if (order !== 0) return order;
  if (name(a) !== name(b)) return name(a) < name(b) ? -1 : 1;
  return a.ruleIndex - b.ruleIndex || a.matchIndex - b.matchIndex;
}

/** The examples in the comment of HTTPPathModifier.replacePrefixMatch are what this must agree with. */
function withPath(target: string, modifier: PathModifier | undefined, match: HttpRouteMatch): string {
  const [path = '', query] = splitOnce(target, '?');
  const end = query === undefined ? '' : `?${query}`;
  if (modifier === undefined) return target;
  if (modifier.type === 'ReplaceFullPath') return `${modifier.replaceFullPath || '/'}${end}`;
  const prefix = match.path.value.replace(/\/$/, '');
  const replacement = (modifier.replacePrefixMatch ?? '').replace(/\/$/, '');
  return `${replacement}${path.slice(prefix.length)}`.replace(/^(?!\/)/, '/') + end;
}

function changed(
  headers: readonly (readonly [string, string])[],
  { set = [], add = [], remove = [] }: Partial<HeaderModifier> = {},
): HeaderTable {
  const table: Record<string, string[]> = Object.create(null);
  for (const [name, value] of headers) table[name.toLowerCase()] = [...(table[name.toLowerCase()] ?? []), value];
  for (const name of remove) delete table[name.toLowerCase()];
  for (const { name, value } of set) table[name.toLowerCase()] = [value];
  for (const { name, value } of add) table[name.toLowerCase()] = [...(table[name.toLowerCase()] ?? []), value];
  return { ...table };
}

function sharesOf({ backendRefs }: HttpRouteRule, exists: (backend: string) => boolean): Record<string, number> {
  const shares: Record<string, number> = {};
  for (const { name, port, weight } of backendRefs) {
    const backend = exists(`${name}:${port}`) ? `${name}:${port}` : '500';
    if (weight > 0) shares[backend] = (shares[backend] ?? 0) + weight;
  }
  return shares;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
