import type { Feature } from './feature.ts';
import { policy, policyDocument } from './feature.ts';
import { route } from './routes.ts';

const byHost = 'type: Header, header: { name: host }';
const maglev = `loadBalancer: { type: ConsistentHash, consistentHash: { ${byHost} } }`;

/** What is beside the default, which is least request. */
export const balancing: readonly Feature[] = [
  policy('round-robin', 'loadBalancer: { type: RoundRobin }'),
  policy('random', 'loadBalancer: { type: Random }'),
  policy('peak-ewma', 'loadBalancer: { type: PeakEwma }'),
  policy('ring-hash', `loadBalancer: { type: ConsistentHash, consistentHash: { ${byHost}, algorithm: RingHash } }`),
  policy('maglev', maglev),
  policy('slow-start', 'loadBalancer: { type: LeastRequest, slowStart: { window: 1h } }'),
  policy('failover', 'loadBalancer: { type: LeastRequest, zoneAware: { failover: true } }'),
  {
    name: 'session-by-cookie',
    documents: ({ service: port }) =>
      route(`    - sessionPersistence: { type: Cookie, sessionName: session }
      backendRefs: [{ name: web, port: ${port} }]
`),
  },
];

/** The most that one service is meant to have. */
export const manyEndpoints = 5_000;

/** By hash of something that all requests have in common one endpoint takes them all: what is measured is finding it. */
export const hashing: readonly Feature[] = [
  policy('maglev-of-2', maglev),
  { name: 'maglev-of-5000', endpoints: manyEndpoints, documents: () => policyDocument(maglev) },
];

/** Requests go to all of them, and none waits for a connection, as none does in other proxies. */
export const everyEndpoint: Feature = {
  name: 'heddle',
  endpoints: manyEndpoints,
  documents: () => policyDocument(`circuitBreaker: { maxConnections: ${2 * manyEndpoints} }`),
};
