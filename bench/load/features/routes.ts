import type { Feature } from './feature.ts';
import { caller, service } from './feature.ts';

/** Gateway API: so many matches in a rule, and so many in all rules of a route. */
const matchesOfRule = 64;
const matchesOfRoute = 128;

/** Of a page. */
const allowedOrigin = 'https://a.example';
export const crossOrigin = `Origin: ${allowedOrigin}`;

export const routes: readonly Feature[] = [
  oneRule(
    'header-modifiers',
    `filters:
        - { type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-a, value: b }], remove: [x-c] } }
        - { type: ResponseHeaderModifier, responseHeaderModifier: { add: [{ name: x-d, value: e }] } }`,
  ),
  oneRule(
    'rewrite',
    `filters:
        - { type: URLRewrite, urlRewrite: { hostname: a.example, path: { type: ReplaceFullPath, replaceFullPath: / } } }`,
  ),
  { name: 'pattern-rewrite', documents: rewriteByPattern },
  oneRule('cors', corsOf(allowedOrigin)),
  {
    name: 'mirror-of-none',
    documents: ({ service: port }) =>
      route(`    - filters:
        - { type: RequestMirror, requestMirror: { backendRef: { name: ${service}, port: ${port} }, percent: 0 } }
      backendRefs: [{ name: ${service}, port: ${port} }]
`),
  },
  oneRule('pattern', 'matches: [{ path: { type: RegularExpression, value: "/[a-z]*" } }]'),
  oneRule('header-match', 'matches: [{ headers: [{ name: host, type: RegularExpression, value: ".+" }] }]'),
  { name: 'rule-for-callers', documents: forCallers },
  {
    name: 'split',
    documents: ({ service: port }) =>
      route(`    - backendRefs:
        - { name: ${service}, port: ${port}, weight: 1 }
        - { name: ${service}, port: ${port}, weight: 1 }
`),
  },
  { name: '100-routes', documents: ({ service: port }) => manyRoutes(100, port) },
  { name: '5000-routes', documents: ({ service: port }) => manyRoutes(5_000, port) },
  { name: 'fault-of-none', documents: faultOfNone },
];

/** Answers to the page that `crossOrigin` is loaded from say that it may read them. */
export const cors: readonly Feature[] = [
  oneRule('cors-allowed', corsOf(allowedOrigin)),
  oneRule('cors-by-pattern', corsOf('https://*.example')),
  oneRule('cors-refused', corsOf('https://b.example')),
];

/** @param rules indented by four */
export function route(rules: string, name = service, annotations: Readonly<Record<string, string>> = {}): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, annotations: ${JSON.stringify(annotations)} }
spec:
  parentRefs: [{ group: '', kind: Service, name: ${service} }]
  rules:
${rules}`;
}

function oneRule(name: string, section: string): Feature {
  return {
    name,
    documents: ({ service: port }) =>
      route(`    - ${section}
      backendRefs: [{ name: ${service}, port: ${port} }]
`),
  };
}

function corsOf(origin: string): string {
  return `filters: [{ type: CORS, cors: { allowOrigins: ['${origin}'] } }]`;
}

/** So many paths that nobody asks for, and the one that takes the request, which is the last that could. */
function manyRoutes(count: number, port: number): string {
  const backend = `      backendRefs: [{ name: ${service}, port: ${port} }]\n`;
  let documents = route(`    - matches: [{ path: { value: / } }]\n${backend}`);
  for (let from = 0; from < count; from += matchesOfRoute) {
    let rules = '';
    for (let rule = from; rule < Math.min(from + matchesOfRoute, count); rule += matchesOfRule) {
      const size = Math.min(matchesOfRule, count - rule);
      const matches = Array.from({ length: size }, (_, match) => `{ path: { value: /a${rule + match}/b } }`);
      rules += `    - matches: [${matches.join(', ')}]\n${backend}`;
    }
    documents += route(rules, `${service}-${from}`);
  }
  return documents;
}

function faultOfNone(): string {
  return `---
apiVersion: heddle.dev/v1alpha1
kind: FaultInjection
metadata: { name: ${service} }
spec:
  targetRefs: [{ group: '', kind: Service, name: ${service} }]
  until: 2100-01-01T00:00:00Z
  abort: { httpStatus: 503, percentage: 0 }
`;
}

/** The sidecar of the load is among them, so that the rule is the one that takes the request. */
function rewriteByPattern({ service: port }: { readonly service: number }): string {
  const rule =
    'filters: [{ type: ExtensionRef, extensionRef: { group: heddle.dev, kind: HTTPRouteFilter, name: path } }]';
  return `---
apiVersion: heddle.dev/v1alpha1
kind: HTTPRouteFilter
metadata: { name: path }
spec: { urlRewrite: { path: { type: ReplaceRegexMatch, replaceRegexMatch: { pattern: '^/(.*)$', substitution: '/\\1' } } } }
${route(`    - ${rule}\n      backendRefs: [{ name: ${service}, port: ${port} }]\n`)}`;
}

function forCallers({ service: port }: { readonly service: number }): string {
  const backend = `backendRefs: [{ name: ${service}, port: ${port} }]\n`;
  const rule =
    'filters: [{ type: ExtensionRef, extensionRef: { group: heddle.dev, kind: HTTPRouteFilter, name: callers } }]';
  return `---
apiVersion: heddle.dev/v1alpha1
kind: HTTPRouteFilter
metadata: { name: callers }
spec: { callers: [{ namespace: default, serviceAccount: ${caller} }] }
${route(`    - ${rule}\n      ${backend}    - ${backend}`)}`;
}
