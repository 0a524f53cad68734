import { grpcMethod } from '../upstream.ts';
import type { Feature } from './feature.ts';
import { policy, service } from './feature.ts';

const everyStatus = 'triggers: [cancelled, deadline-exceeded, internal, resource-exhausted, unavailable]';
const exact = `service: ${grpcMethod.service}, method: ${grpcMethod.method}`;
const pattern = 'type: RegularExpression, service: "bench[.]v1[.].*", method: "S[a-z]+"';

/** What is of gRPC alone. */
export const grpc: readonly Feature[] = [
  ofCalls('grpc-method-match', `{ method: { ${exact} } }`),
  ofCalls('grpc-service-match', `{ method: { service: ${grpcMethod.service} } }`),
  ofCalls('grpc-method-pattern', `{ method: { ${pattern} } }`),
  ofCalls('grpc-header-match', '{ headers: [{ name: content-type, value: application/grpc }] }'),
  policy('grpc-retries', `retry: { numRetries: 3, retryOn: { ${everyStatus} } }`),
  { name: 'grpc-fault-of-none', documents: faultOfNone },
];

/** Only calls with this match are answered with a message, for which the load looks. */
function ofCalls(name: string, match: string): Feature {
  return {
    name,
    documents: ({ service: port }) => `---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: ${service} }
spec:
  parentRefs: [{ group: '', kind: Service, name: ${service} }]
  rules:
    - matches: [${match}]
      backendRefs: [{ name: ${service}, port: ${port} }]
`,
  };
}

function faultOfNone(): string {
  return `---
apiVersion: heddle.dev/v1alpha1
kind: FaultInjection
metadata: { name: ${service} }
spec:
  targetRefs: [{ group: '', kind: Service, name: ${service} }]
  until: 2100-01-01T00:00:00Z
  abort: { grpcStatus: 14, percentage: 0 }
`;
}
