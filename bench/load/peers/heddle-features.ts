import type { HeddleBuild } from '../heddle-build.ts';

/** One capability turned on, in documents, as a proxy of its own in the results. */
export interface Feature {
  readonly name: string;
  /** YAML for the service of this name, behind what the scenario needs anyway. */
  documents(service: string, port: number): string;
}

/** What the caller's sidecar does. Nothing ever fails here: what is measured is what a feature costs that has nothing to do. */
export const outboundFeatures: readonly Feature[] = [
  policy('least-request', 'loadBalancer: { type: LeastRequest }'),
  policy(
    'ring-hash',
    'loadBalancer: { type: ConsistentHash, consistentHash: { type: Header, header: { name: host } } }',
  ),
  policy(
    'outlier-detectors',
    'healthCheck: { passive: { consecutive5XxErrors: 5, consecutiveGatewayErrors: 5, failurePercentageThreshold: 85 } }',
  ),
  policy('active-checks', 'healthCheck: { active: { type: TCP, tcp: {}, interval: 1s, timeout: 1s } }'),
  policy('per-try-timeout', 'retry: { perRetry: { timeout: 5s } }'),
  policy('request-timeout', 'timeout: { http: { requestTimeout: 30s } }'),
  { name: 'fault-of-none', documents: faultOfNone },
  { name: 'route-with-filters', documents: routeWithFilters },
  { name: 'hundred-routes', documents: hundredRoutes },
];

/** What the callee's sidecar does, in a chain of two. */
export const inboundFeatures: readonly Feature[] = [
  policy(
    'rate-limit',
    'rateLimit: { type: Local, local: { rules: [{ limit: { requests: 4000000000, unit: Second } }] } }',
  ),
  policy(
    'rate-limit-by-caller',
    'rateLimit: { type: Local, local: { rules: [{ clientSelectors: [{ principal: { type: Distinct } }], limit: { requests: 4000000000, unit: Second } }] } }',
  ),
];

/** `build` with the feature's name, so that it stands beside the one without. */
export function named(build: HeddleBuild, feature: Feature): HeddleBuild {
  return { ...build, name: feature.name };
}

function policy(name: string, section: string): Feature {
  return {
    name,
    documents: (service) => `---
apiVersion: heddle.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: ${service} }
spec:
  targetRefs: [{ group: '', kind: Service, name: ${service} }]
  ${section}
`,
  };
}

function faultOfNone(service: string): string {
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

function route(service: string, rules: string): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${service} }
spec:
  parentRefs: [{ group: '', kind: Service, name: ${service} }]
  rules:
${rules}`;
}

function routeWithFilters(service: string, port: number): string {
  return route(
    service,
    `    - filters:
        - { type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-a, value: b }], remove: [x-c] } }
        - { type: ResponseHeaderModifier, responseHeaderModifier: { add: [{ name: x-d, value: e }] } }
      backendRefs: [{ name: ${service}, port: ${port} }]
`,
  );
}

/** The one that takes the request is the last that could. */
function hundredRoutes(service: string, port: number): string {
  const rules = Array.from({ length: 13 }, (_, rule) => {
    const matches = Array.from({ length: 8 }, (_, match) => `{ path: { value: /a${rule}/b${match} } }`);
    return `    - matches: [${matches.join(', ')}]
      backendRefs: [{ name: ${service}, port: ${port} }]
`;
  });
  return route(service, `${rules.join('')}    - backendRefs: [{ name: ${service}, port: ${port} }]\n`);
}
