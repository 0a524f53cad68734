import { compileRegex } from '../../proto/safe-regex.ts';
import { HeaderMutation } from '../../proxy/filter/header-mutation.ts';
import { RequestHead } from '../../proxy/message-head.ts';
import { HeaderMatcher } from '../../proxy/route/header-matcher.ts';
import { PathMatcher } from '../../proxy/route/path-matcher.ts';
import type { Route } from '../../proxy/route/route.ts';
import type { RouteEntry } from '../../proxy/route/route-entry.ts';
import { RouteTable } from '../../proxy/route/route-table.ts';
import { StringMatcher } from '../../proxy/route/string-matcher.ts';
import { weightedChoice } from '../../proxy/route/weighted-choice.ts';
import { report } from '../measure.ts';

const route: Route<string> = {
  name: 'default',
  action: { kind: 'respond', status: 200, body: '', isRefusal: false },
  filters: null,
  requestHeaders: null,
  responseHeaders: null,
  origin: null,
};

function entry(path: PathMatcher, headers: readonly HeaderMatcher[] = []): RouteEntry<string> {
  return { path, headers, queryParameters: [], isForGrpc: false, route };
}

function tableOf(domains: string[], ...routes: RouteEntry<string>[]): RouteTable<string> {
  return new RouteTable([{ name: 'host', domains, routes }]);
}

const head = Object.assign(new RequestHead(), {
  method: 'GET',
  path: '/cart/items/42?fields=name,price',
  authority: 'cart.default.svc.cluster.local',
  block:
    'Host: cart.default.svc.cluster.local\r\nUser-Agent: bench/1.0\r\nAccept: application/json\r\n' +
    'Accept-Encoding: gzip, br\r\nX-Request-Id: 6a5f6a1e-6e9c-4bb1-9a67-1b2f3c4d5e6f\r\n' +
    'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX-Version: v2\r\n',
});

let sink: unknown = null;
function match(table: RouteTable<string>): (count: number) => void {
  return (count) => {
    for (let i = 0; i < count; i++) sink = table.match(head);
  };
}

const everything = entry(PathMatcher.prefix('/'));
const others = Array.from({ length: 9 }, (_, index) => entry(PathMatcher.separatedPrefix(`/other-${index}`)));
const versionTwo = new HeaderMatcher('x-version', { kind: 'string', matcher: new StringMatcher('exact', 'v2') });

report('match: one route for everything', match(tableOf(['*'], everything)));
report('match: exact host, one route', match(tableOf([head.authority], everything)));
report('match: tenth route by path prefix', match(tableOf(['*'], ...others, everything)));
report('match: one header of seven lines', match(tableOf(['*'], entry(PathMatcher.prefix('/'), [versionTwo]))));

for (const size of [1, 10, 100, 1_000, 10_000]) {
  const last = (index: number) => size - 1 - index;
  const exact = Array.from({ length: size }, (_, index) => entry(PathMatcher.exact(`/cart/items/${42 + last(index)}`)));
  const prefixes = Array.from({ length: size }, (_, index) =>
    entry(PathMatcher.separatedPrefix(`/cart/items/${42 + last(index)}`)),
  );
  const versions = Array.from({ length: size }, (_, index) => {
    const value = new StringMatcher('exact', `v${2 + last(index)}`);
    return entry(PathMatcher.prefix('/'), [new HeaderMatcher('x-version', { kind: 'string', matcher: value })]);
  });
  report(`match: last of ${size} routes by exact path`, match(tableOf(['*'], ...exact)));
  report(`match: last of ${size} routes by prefix`, match(tableOf(['*'], ...prefixes)));
  report(`match: last of ${size} routes by header`, match(tableOf(['*'], ...versions)));
}

const pattern = entry(PathMatcher.pattern(compileRegex('/cart/items/[0-9]+')));
report('match: a pattern of the path', match(tableOf(['*'], pattern)));

const split = weightedChoice(
  [
    { destination: 'v1', weight: 90 },
    { destination: 'v2', weight: 10 },
  ],
  Math.random,
);
report('weighted choice, 90 and 10', (count) => {
  for (let i = 0; i < count; i++) sink = split();
});

const mutation = new HeaderMutation({ set: [['x-version', 'v3']], add: [['x-mesh', 'yes']], remove: ['user-agent'] });
report('header mutation: set, add, remove in seven lines', (count) => {
  for (let i = 0; i < count; i++) sink = mutation.apply(head.block);
});
if (sink === null) throw new Error('nothing was measured');
