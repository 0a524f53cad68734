import type { Feature } from './feature.ts';
import { policy, policyDocument } from './feature.ts';

const never = 'limit: { requests: 4000000000, unit: Second }';
const neverWaits = 'limit: { value: 1Ti, unit: Second }';
const bandwidth = `bandwidthLimit: { request: { ${neverWaits} }, response: { ${neverWaits} } }`;

/** What the callee's sidecar does, in a chain of two. */
export const limits: readonly Feature[] = [
  policy('rate-limit', `rateLimit: { type: Local, local: { rules: [{ ${never} }] } }`),
  policy(
    'rate-limit-by-caller',
    `rateLimit: { type: Local, local: { rules: [{ clientSelectors: [{ principal: { type: Distinct } }], ${never} }] } }`,
  ),
  { name: 'global-rate-limit', asksRateLimitServer: true, documents: globalRateLimit },
  policy('body-limit', 'requestBuffer: { limit: 1Mi }'),
  policy('bandwidth-limit', bandwidth),
  // With the usual 3 at a time while the ideal is measured, most of a closed loop of 64 would be refused.
  policy('adaptive-concurrency', 'adaptiveConcurrency: { minRTT: { minConcurrency: 128 } }'),
];

/** What is done for each piece of a body, in the same place. */
export const limitsOfBodies: readonly Feature[] = [policy('bandwidth-limit-of-1mb', bandwidth)];

function globalRateLimit({ rateLimit }: { readonly rateLimit: number }): string {
  return `---
apiVersion: heddle.dev/v1alpha1
kind: Mesh
metadata: { name: default }
spec:
  rateLimit: { backendRef: { name: ratelimit, port: ${rateLimit} } }
---
apiVersion: heddle.dev/v1alpha1
kind: Workload
metadata: { name: ratelimit-1 }
spec:
  service: ratelimit
  address: 127.0.0.1
  ports: [{ port: ${rateLimit}, appProtocol: grpc }]
${policyDocument(`rateLimit: { type: Global, global: { rules: [{ ${never} }] } }`)}`;
}
