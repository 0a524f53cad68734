import type { Feature } from './feature.ts';
import { policy, policyDocument, service } from './feature.ts';
import { route } from './routes.ts';

const byHost = 'type: Header, header: { name: host }';
const bounded = `${byHost}, hashBalanceFactor: 125`;
/** Of two endpoints one is the caller's own zone's, which takes half of the requests. */
const zones = ['a', 'b'];
const preferLocal = 'preferLocal: { minEndpointsThreshold: 2 }';
const weightedZones = 'weightedZones: [{ zone: a, weight: 3 }, { zone: b, weight: 1 }]';
const maglev = hashed(byHost);
const boundedMaglev = hashed(bounded);

/** What is beside the default, which is least request. */
export const balancing: readonly Feature[] = [
  policy('round-robin', 'loadBalancer: { type: RoundRobin }'),
  policy('random', 'loadBalancer: { type: Random }'),
  policy('peak-ewma', 'loadBalancer: { type: PeakEwma }'),
  policy('ring-hash', hashed(`${byHost}, algorithm: RingHash`)),
  policy('maglev', maglev),
  policy('ring-hash-bounded', hashed(`${bounded}, algorithm: RingHash`)),
  policy('maglev-bounded', boundedMaglev),
  policy('slow-start', 'loadBalancer: { type: LeastRequest, slowStart: { window: 1h } }'),
  { ...policy('failover', 'loadBalancer: { type: LeastRequest, zoneAware: { failover: true } }'), zones },
  { ...policy('prefer-local', `loadBalancer: { type: LeastRequest, zoneAware: { ${preferLocal} } }`), zones },
  { ...policy('weighted-zones', `loadBalancer: { type: LeastRequest, zoneAware: { ${weightedZones} } }`), zones },
  session('session-by-cookie', '{ type: Cookie, sessionName: session }'),
  session('session-by-strict-header', '{ type: Header, sessionName: x-session }', { 'heddle.dev/sessions': 'Strict' }),
];

/** The most that one service is meant to have. */
export const manyEndpoints = 5_000;

/** By hash of something that all requests have in common one endpoint takes them all: what is measured is finding it. */
export const hashing: readonly Feature[] = [
  policy('maglev-of-2', maglev),
  { name: 'maglev-of-5000', endpoints: manyEndpoints, documents: () => policyDocument(maglev) },
  { name: 'maglev-bounded-of-5000', endpoints: manyEndpoints, documents: () => policyDocument(boundedMaglev) },
];

/** What the load for `hashKeys` says in each of its requests. */
export const hashedQuery = 'user=1';
export const hashedCookie = 'Cookie: user=1';

/** By what else requests may have in common, all by Maglev. */
export const hashKeys: readonly Feature[] = [
  policy('hash-by-header', maglev),
  policy('hash-by-headers', hashed('type: Headers, headers: [{ name: host }, { name: cookie }]')),
  policy('hash-by-cookie', hashed('type: Cookie, cookie: { name: user }')),
  policy('hash-by-cookie-given', hashed('type: Cookie, cookie: { name: nobody-has-it, ttl: 1h }')),
  policy('hash-by-source', hashed('type: SourceIP')),
  policy('hash-by-query', hashed('type: QueryParams, queryParams: [{ name: user }]')),
];

/** By what all connections of the load have in common. */
export const hashingTcp: readonly Feature[] = [policy('tcp-hash-by-source', hashed('type: SourceIP'))];

/** Requests go to all of them, and none waits for a connection, as none does in other proxies. */
export const everyEndpoint: Feature = {
  name: 'heddle',
  endpoints: manyEndpoints,
  documents: () => policyDocument(`circuitBreaker: { maxConnections: ${2 * manyEndpoints} }`),
};

function hashed(consistentHash: string): string {
  return `loadBalancer: { type: ConsistentHash, consistentHash: { ${consistentHash} } }`;
}

function session(name: string, persistence: string, annotations: Readonly<Record<string, string>> = {}): Feature {
  return {
    name,
    documents: ({ service: port }) =>
      route(
        `    - sessionPersistence: ${persistence}
      backendRefs: [{ name: ${service}, port: ${port} }]
`,
        service,
        annotations,
      ),
  };
}
