import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLUSTER_TYPE_URL } from '../../proto/type-urls.ts';
import type { ClusterConfig } from '../../proxy/cluster/cluster-config.ts';
import { RequestHead } from '../../proxy/message-head.ts';
import type { ForwardAction } from '../../proxy/route/route.ts';
import { parseResource } from '../../proxy/xds/parse-resource.ts';
import { duration } from './arbitraries/values.ts';
import { clients, meshOf, readDocument, routeTable } from './whole-pipe.ts';

/** What a timer of Node waits at most. */
const longestMs = 2_147_483_647;

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });
const positive = duration.filter((text) => /[1-9]/.test(text));
const count = fc.constantFrom(0, 1, 7, 4_294_967_295);

const written = fc.record({
  /** Of the rule. */
  request: maybe(duration),
  backendRequest: maybe(duration),
  attempts: maybe(fc.constantFrom(1, 5, 100)),
  /** Of the policy. */
  requestTimeout: maybe(duration),
  streamIdleTimeout: maybe(duration),
  connectionIdleTimeout: maybe(duration),
  connectTimeout: maybe(positive),
  perTry: maybe(positive),
  numRetries: maybe(fc.constantFrom(0, 1, 100)),
  maxConnections: maybe(count),
  maxPendingRequests: maybe(count),
  maxParallelRequests: maybe(count),
  maxRequestsPerConnection: maybe(count),
  consecutive5XxErrors: maybe(count),
  interval: maybe(positive),
  consecutiveGatewayErrors: maybe(count),
  failurePercentageThreshold: maybe(fc.constantFrom(0, 50, 100)),
  checkInterval: maybe(positive.filter((text) => (msOf(text) ?? 0) >= 100)),
  checkThreshold: maybe(fc.constantFrom(1, 7)),
});
type Written = typeof written extends fc.Arbitrary<infer T> ? T : never;

describe('a policy', () => {
  it('means to a sidecar what its fields say', () => {
    const property = fc.property(written, (fields) => {
      const documents = documentsOf(fields).map(readDocument);
      // one try cannot be longer than the whole request
      fc.pre(documents.every((document) => 'kind' in document));
      const mesh = meshOf(documents.filter((document) => 'kind' in document));
      const { timeoutMs, idleTimeoutMs, retry } = actionIn(mesh);
      const perTryMs = msOf(fields.backendRequest ?? fields.perTry) ?? 0;
      const retries = fields.attempts ?? fields.numRetries ?? 2;
      expect(timeoutMs).toBe(msOf(fields.request ?? fields.requestTimeout) ?? 0);
      // 0 is the sidecar's own 300 s.
      expect(idleTimeoutMs || 300_000).toBe(endlessIfZero(fields.streamIdleTimeout) ?? 300_000);
      expect(retry === null ? 0 : retry.perTryTimeoutMs).toBe(perTryMs);
      expect(retry?.onConnectFailure ? retry.maxRetries : 0).toBe(retries);
      const cluster = clusterIn(mesh);
      expect(cluster.connectTimeoutMs).toBe(msOf(fields.connectTimeout) ?? 5_000);
      expect(cluster.idleTimeoutMs).toBe(endlessIfZero(fields.connectionIdleTimeout) ?? 3_600_000);
      expect(cluster.maxRequestsPerConnection).toBe(fields.maxRequestsPerConnection ?? 0);
      expect(cluster.circuitBreaker).toMatchObject({
        maxConnections: fields.maxConnections ?? 1024,
        maxPendingRequests: fields.maxPendingRequests ?? 1024,
        maxRequests: fields.maxParallelRequests ?? 1024,
      });
      const errors = fields.consecutive5XxErrors ?? 5;
      const gatewayErrors = fields.consecutiveGatewayErrors ?? 0;
      const threshold = fields.failurePercentageThreshold;
      if (errors === 0 && gatewayErrors === 0 && threshold === undefined) expect(cluster.outlierDetection).toBeNull();
      else {
        expect(cluster.outlierDetection).toMatchObject({
          intervalMs: msOf(fields.interval) ?? 10_000,
          ...(errors > 0 && { consecutive5xx: errors }),
          ...(gatewayErrors > 0 && { consecutiveGatewayFailure: gatewayErrors }),
          failurePercentage: { threshold: threshold ?? 85, minimumHosts: 5, requestVolume: 50 },
          enforcing: {
            consecutive_5xx: errors > 0 ? 100 : 0,
            consecutive_gateway_failure: gatewayErrors > 0 ? 100 : 0,
            failure_percentage: threshold === undefined ? 0 : 100,
            success_rate: 0,
          },
        });
      }
      expect(cluster.healthCheck).toMatchObject({
        timeoutMs: 1000,
        intervalMs: msOf(fields.checkInterval) ?? 3000,
        unhealthyThreshold: fields.checkThreshold ?? 3,
        healthyThreshold: 1,
        check: { kind: 'http', path: '/healthz', method: 'GET', host: 'cart.default.svc.cluster.local' },
      });
    });
    fc.assert(property, { numRuns: 200 });
  });
});

function documentsOf(fields: Written): object[] {
  return [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'cart' },
      spec: {
        parentRefs: [{ group: '', kind: 'Service', name: 'cart' }],
        rules: [
          {
            backendRefs: [{ name: 'cart', port: 80 }],
            timeouts: { request: fields.request, backendRequest: fields.backendRequest },
            retry: fields.attempts === undefined ? undefined : { attempts: fields.attempts },
          },
        ],
      },
    },
    {
      apiVersion: 'heddle.dev/v1alpha1',
      kind: 'BackendTrafficPolicy',
      metadata: { name: 'cart' },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'cart' }],
        retry: { numRetries: fields.numRetries, perRetry: { timeout: fields.perTry } },
        circuitBreaker: {
          maxConnections: fields.maxConnections,
          maxPendingRequests: fields.maxPendingRequests,
          maxParallelRequests: fields.maxParallelRequests,
          maxRequestsPerConnection: fields.maxRequestsPerConnection,
        },
        healthCheck: {
          passive: {
            consecutive5XxErrors: fields.consecutive5XxErrors,
            consecutiveGatewayErrors: fields.consecutiveGatewayErrors,
            failurePercentageThreshold: fields.failurePercentageThreshold,
            interval: fields.interval,
          },
          active: {
            type: 'HTTP',
            interval: fields.checkInterval,
            unhealthyThreshold: fields.checkThreshold,
            http: { path: '/healthz' },
          },
        },
        timeout: {
          tcp: { connectTimeout: fields.connectTimeout },
          http: {
            requestTimeout: fields.requestTimeout,
            streamIdleTimeout: fields.streamIdleTimeout,
            connectionIdleTimeout: fields.connectionIdleTimeout,
          },
        },
      },
    },
  ];
}

function actionIn(mesh: ReturnType<typeof meshOf>): ForwardAction<string> {
  const head = Object.assign(new RequestHead(), { method: 'GET', path: '/', authority: 'cart' });
  const action = routeTable(mesh, 'cart.default.svc.cluster.local:80').match(head)?.action;
  if (action?.kind !== 'forward') throw new Error('the route does not forward');
  return action;
}

function clusterIn(mesh: ReturnType<typeof meshOf>): ClusterConfig {
  const [client] = clients;
  const name = 'outbound|80||cart.default.svc.cluster.local';
  const resource = client === undefined ? null : mesh.resource(client, CLUSTER_TYPE_URL, name);
  const parsed = resource === null ? 'missing' : parseResource(resource, 'cluster.local', 0);
  if (typeof parsed === 'string' || parsed.meaning.kind !== 'cluster') throw new Error(`no cluster: ${parsed}`);
  return parsed.meaning.config;
}

/** GEP-2257, once more; null when nothing is written. */
function msOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  const parts = [...text.matchAll(/(\d+)(ms|[hms])/g)];
  const total = parts.reduce((sum, [, digits, unit]) => sum + Number(digits) * units[unit as keyof typeof units], 0);
  return Math.min(total, longestMs);
}

function endlessIfZero(text: string | undefined): number | null {
  return msOf(text) === 0 ? Number.POSITIVE_INFINITY : msOf(text);
}
