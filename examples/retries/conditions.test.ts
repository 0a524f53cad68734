import { once } from 'node:events';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { retryConditions } from '../../proto/retry-conditions.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyText } from '../testing/apply-documents.ts';
import { statOf } from '../testing/cluster-stats.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { Tries } from './failing-server.ts';
import { failingCalls, failingServer } from './failing-server.ts';

/**
 * A service for each condition that a policy can name, and for none of them a sidecar of its own, so that the caller's sidecar
 * sees how a try ends as it is.
 */
let mesh: TestMesh;
let web: RunningProxy;
let outbound: number;
let session: ClientHttp2Session;
const tries: Tries = new Map();
const calls = createServer();
const conditions = [...retryConditions, 'none'] as const;
type Condition = (typeof conditions)[number];

const workload = (name: string, service: string, port: number, protocol: string) => `
apiVersion: heddle.dev/v1alpha1
kind: Workload
metadata: { name: ${name} }
spec: { address: 127.0.0.1, service: ${service}, ports: [{ port: ${port}, appProtocol: ${protocol} }] }
---`;

const policy = (service: string, condition: Condition, retryNonIdempotent: boolean) => `
apiVersion: heddle.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: ${service} }
spec:
  targetRefs: [{ group: "", kind: Service, name: ${service} }]
  loadBalancer: { type: RoundRobin }
  healthCheck: { passive: { consecutive5XxErrors: 0 } }
  # a connection that was used before may end for its own reasons, and then the request is sent again without any condition
  circuitBreaker: { maxRequestsPerConnection: 1 }
  # as many at a time as this test has
  retryBudget: { percent: 100, minRetryConcurrency: 100 }
  retry:
    numRetries: 2
    retryNonIdempotent: ${retryNonIdempotent}
    perRetry: { timeout: 1s, backOff: { baseInterval: 1ms, maxInterval: 1ms } }
    retryOn:
      triggers: [${condition === 'none' ? '' : condition}]
      ${condition === 'retriable-status-codes' ? 'httpStatusCodes: [418]' : ''}
      ${condition === 'retriable-headers' ? 'headers: [{ name: x-stale }]' : ''}
---`;

beforeAll(async () => {
  mesh = await TestMesh.start();
  const port = await mesh.application(failingServer('cart', tries));
  calls.on('stream', failingCalls(tries));
  calls.listen(0, '127.0.0.1');
  await once(calls, 'listening');
  const ofCalls = (calls.address() as AddressInfo).port;
  let text = '';
  for (const condition of conditions) {
    const [http, grpc, half] = [`http-${condition}`, `grpc-${condition}`, `half-${condition}`];
    text += workload(http, http, port, 'http') + policy(http, condition, false);
    text += workload(grpc, grpc, ofCalls, 'grpc') + policy(grpc, condition, true);
    // one that takes no connection, beside one that does
    text += workload(`${half}-1`, half, port, 'http') + workload(`${half}-2`, half, await freePort(), 'http');
    text += policy(half, condition, false);
  }
  outbound = await freePort();
  web = await mesh.sidecar('web-1', { service: 'web', outboundPort: outbound, concurrency: 1 });
  await applyText(mesh, text);
  session = connect(`http://127.0.0.1:${outbound}`);
  for (const condition of conditions) {
    await vi.waitUntil(async () => (await triesOf(condition, 'ready')).status === 200, { timeout: 15_000 });
    await vi.waitUntil(async () => (await callsOf(condition, '0')).status === '0', { timeout: 15_000 });
  }
}, 60_000);

afterAll(async () => {
  session?.destroy();
  await mesh?.close();
  calls.close();
});

/** How often a request is sent whose first try ends so, and the status that its caller has in the end. */
async function triesOf(condition: Condition, kind: string, method: 'GET' | 'POST' = 'GET', service = 'http') {
  const path = `/${kind}/${condition}-${method}-${service}`;
  const answer = await request(`http://127.0.0.1:${outbound}${path}`, {
    method,
    headers: { host: `${service}-${condition}` },
  });
  await answer.body.dump();
  return { sent: tries.get(path)?.length ?? 0, status: answer.statusCode };
}

async function callsOf(condition: Condition, kind: string) {
  const path = `/${kind}.Service/${condition}`;
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    ':authority': `grpc-${condition}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  stream.end();
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  stream.resume();
  return { sent: tries.get(path)?.length ?? 0, status: String(headers['grpc-status']) };
}

/** How the first try ends, and the conditions that take that for a failure. */
const requestRows: readonly (readonly [string, readonly string[]])[] = [
  ['404', []],
  ['409', ['retriable-4xx']],
  ['418', ['retriable-status-codes']],
  ['429', ['envoy-ratelimited']],
  ['500', ['5xx']],
  ['502', ['5xx', 'gateway-error']],
  ['503', ['5xx', 'gateway-error']],
  ['503-limited', ['envoy-ratelimited']],
  ['504', ['5xx', 'gateway-error']],
  ['stale', ['retriable-headers']],
  ['hang-up', ['5xx', 'gateway-error', 'reset']],
  ['silence', ['5xx', 'gateway-error', 'reset']],
];

describe('a request', () => {
  it.each(requestRows)(
    'whose first try ends with %s is sent again on the conditions that say so, and on no other',
    async (kind, expected) => {
      const again = await Promise.all(
        conditions.map(async (condition) => ((await triesOf(condition, kind)).sent === 2 ? [condition] : [])),
      );
      expect(again.flat()).toEqual(retryConditions.filter((condition) => expected.includes(condition)));
    },
  );

  it.each(requestRows)('that may be made once is sent once, when that ends with %s', async (kind) => {
    const sent = await Promise.all(conditions.map(async (condition) => (await triesOf(condition, kind, 'POST')).sent));
    expect(sent).toEqual(conditions.map(() => 1));
  });

  it('goes to another instance when one takes no connection, also when it may be made once', async () => {
    const spared: string[] = [];
    for (const condition of conditions) {
      const statuses: number[] = [];
      for (const _ of [1, 2, 3, 4]) statuses.push((await triesOf(condition, 'order', 'POST', 'half')).status);
      if (!statuses.includes(503)) spared.push(condition);
      expect(await statOf(web, `half-${condition}`, 'upstream_cx_connect_fail'), condition).toBeGreaterThan(0);
    }
    expect(spared).toEqual(['5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure']);
  });
});

/** How the first try of a call ends, and the conditions that take that for a failure, where the user vouches for it. */
const callRows: readonly (readonly [string, readonly string[]])[] = [
  ['1', ['cancelled']],
  ['2', []],
  ['4', ['deadline-exceeded']],
  ['8', ['resource-exhausted']],
  ['13', ['internal']],
  ['14', ['unavailable']],
  ['broken', ['5xx', 'gateway-error', 'reset']],
];

describe('a call of gRPC', () => {
  it.each(callRows)(
    'whose first try ends with %s is made again on the conditions that say so, and on no other',
    async (kind, expected) => {
      const again: string[] = [];
      for (const condition of conditions) if ((await callsOf(condition, kind)).sent === 2) again.push(condition);
      expect(again).toEqual(retryConditions.filter((condition) => expected.includes(condition)));
    },
  );

  it('that its server refuses to look at is made again without any condition, and once more on some', async () => {
    const again: string[] = [];
    for (const condition of conditions) {
      // RFC 9113 section 8.7
      const { sent } = await callsOf(condition, 'refused');
      expect(sent, condition).toBeGreaterThan(1);
      if (sent === 3) again.push(condition);
    }
    expect(again).toEqual(['5xx', 'gateway-error', 'reset', 'reset-before-request', 'refused-stream']);
  });
});
