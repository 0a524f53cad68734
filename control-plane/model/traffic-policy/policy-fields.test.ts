import { describe, expect, it } from 'vitest';
import { checkDocument } from '../check-document.ts';
import type { TrafficPolicy } from '../traffic-policy.ts';
import { policyFields } from './policy-fields.ts';
import { writtenDuration } from './written-duration.ts';

const everything: TrafficPolicy = specOf({
  loadBalancer: {
    type: 'ConsistentHash',
    consistentHash: { type: 'Header', header: { name: 'x-user' }, hashBalanceFactor: 150 },
  },
  circuitBreaker: {
    ...{ maxConnections: 1, maxPendingRequests: 2, maxParallelRequests: 3, maxRequestsPerConnection: 4 },
    ...{ perEndpoint: { maxConnections: 5 }, highPriority: { maxConnections: 6 } },
  },
  healthCheck: {
    panicThreshold: 7,
    passive: { consecutive5XxErrors: 8, interval: '9s', baseEjectionTime: '10s', failurePercentageThreshold: 50 },
    active: { type: 'HTTP', http: { path: '/healthz' } },
  },
  retry: {
    numRetries: 11,
    retryOn: { triggers: ['5xx'] },
    perRetry: { timeout: '1s', backOff: { baseInterval: '12ms' } },
  },
  retryBudget: { percent: 13 },
  timeout: { tcp: { connectTimeout: '14s' }, http: { requestTimeout: '90s' } },
  rateLimit: {
    type: 'Local',
    local: {
      rules: [
        { clientSelectors: [{ principal: { type: 'Distinct' } }], limit: { requests: 15, unit: 'Second' } },
        {
          clientSelectors: [{ methods: [{ value: 'GET' }], path: { value: '/a' } }],
          limit: { requests: 16, unit: 'Day' },
        },
      ],
      tcp: { connectionRate: { num: 18, interval: '10s' } },
    },
  },
  requestBuffer: { limit: '1Ki' },
  tcpKeepalive: { idleTime: '19s' },
  http2: { maxConcurrentStreams: 20, initialStreamWindowSize: '64Ki' },
  bandwidthLimit: { response: { limit: { value: '10Mi', unit: 'Second' } } },
  admissionControl: { rpsThreshold: 17 },
  fallback: { directResponse: { statusCode: 203 } },
});

const said = (...layers: TrafficPolicy[]) =>
  new Map(
    policyFields(layers.map((policy, owner) => ({ owner, policy }))).map(({ field, value, from }) => [
      field,
      `${value}${from === null ? '' : ` @${from}`}`,
    ]),
  );

function specOf(spec: object): TrafficPolicy {
  const { document, faults } = checkDocument({
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: { name: 'cart' },
    spec: { targetRefs: [{ group: '', kind: 'Service', name: 'cart' }], ...spec },
  });
  expect(faults).toEqual([]);
  if (document?.kind !== 'BackendTrafficPolicy') throw new Error('no policy');
  return document.spec;
}

describe('policyFields', () => {
  it('says of everything that it is a default where nobody says anything', () => {
    const fields = policyFields([]);
    expect(fields.filter(({ from }) => from !== null)).toEqual([]);
    expect(new Set(fields.map(({ field }) => field)).size).toBe(fields.length);
    expect(said().get('timeout.http.streamIdleTimeout')).toBe('5m');
    expect(said().get('retryBudget')).toBe('20 %, at least 3 at a time');
  });

  it('says each field that is written as its layer has it', () => {
    const written = [...said(everything)].filter(([, text]) => text.endsWith(' @0'));
    expect(Object.fromEntries(written.map(([field, text]) => [field, text.slice(0, -3)]))).toEqual({
      'loadBalancer.type': 'ConsistentHash',
      'loadBalancer.consistentHash': "Maglev on header x-user, at most 150 % of an instance's share",
      'circuitBreaker.maxConnections': '1',
      'circuitBreaker.maxPendingRequests': '2',
      'circuitBreaker.maxParallelRequests': '3',
      'circuitBreaker.maxRequestsPerConnection': '4',
      'circuitBreaker.perEndpoint.maxConnections': '5',
      'circuitBreaker.highPriority': 'maxConnections 6',
      'healthCheck.panicThreshold': '7 %',
      'healthCheck.passive.consecutive5XxErrors': '8',
      'healthCheck.passive.enforcingConsecutive5xx': '100 %',
      'healthCheck.passive.failurePercentageThreshold': '50 % of 50 requests, of 5 instances',
      'healthCheck.passive.enforcingFailurePercentage': '100 %',
      'healthCheck.passive.enforcingFailurePercentageLocalOrigin': '100 %',
      'healthCheck.passive.interval': '9s',
      'healthCheck.passive.baseEjectionTime': '10s',
      'healthCheck.active': 'HTTP GET /healthz every 3s, within 1s; out after 3, back after 1',
      'retry.numRetries': '11',
      'retry.retryOn.triggers': '5xx',
      'retry.perRetry.timeout': '1s',
      'retry.perRetry.backOff.baseInterval': '12ms',
      'retry.perRetry.backOff.maxInterval': '120ms',
      retryBudget: '13 %, at least 3 at a time',
      'timeout.tcp.connectTimeout': '14s',
      'tcpKeepalive.idleTime': '19s',
      'http2.maxConcurrentStreams': '20',
      'http2.initialStreamWindowSize': '65536 bytes',
      'timeout.http.requestTimeout': '1m30s',
      'rateLimit.local':
        '15 a second by each instance, for each caller; 16 a day by each instance, for GET and paths below /a; 18 new TCP connections in 10s by each instance',
      'requestBuffer.limit': '1024 bytes',
      'bandwidthLimit.response': '10240 KiB a second',
      admissionControl: 'rpsThreshold 17',
      fallback: 'answer 203',
    });
  });

  it('says rates of connections alone, and of the layer that limits rates', () => {
    const db = specOf({ rateLimit: { type: 'Local', local: { tcp: { connectionRate: { num: 5, interval: '1m' } } } } });
    expect(said(db, everything).get('rateLimit.local')).toBe('5 new TCP connections in 1m by each instance @0');
    const other = specOf({ rateLimit: { type: 'Local', local: { rules: [{ limit: { requests: 1, unit: 'Day' } }] } } });
    expect(said(other, db).get('rateLimit.local')).toBe('1 a day by each instance @0');
  });

  it('names the layer that decides, as the policy itself is made', () => {
    const port = specOf({ circuitBreaker: { maxConnections: 1 }, loadBalancer: { type: 'Random' } });
    const both = said(port, everything);
    expect(both.get('circuitBreaker.maxConnections')).toBe('1 @0');
    expect(both.get('circuitBreaker.maxPendingRequests')).toBe('2 @1');
    // a section that comes from one layer: what that layer leaves out is nobody's
    expect(both.get('loadBalancer.type')).toBe('Random @0');
    expect(both.get('loadBalancer.consistentHash')).toBe('off');
    expect(said(specOf({ circuitBreaker: { maxParallelRetries: 9 } }), everything).get('retryBudget')).toBe(
      '9 at a time @0',
    );
  });

  it('counts a default that somebody writes as theirs', () => {
    expect(said(specOf({ circuitBreaker: { maxConnections: 1024 } })).get('circuitBreaker.maxConnections')).toBe(
      '1024 @0',
    );
  });

  it('tells what a request costs, and limits that services share', () => {
    const rule = {
      limit: { requests: 9, unit: 'Month' },
      cost: { request: { from: 'Number', number: 3 } },
      shared: true,
    };
    expect(said(specOf({ rateLimit: { type: 'Global', global: { rules: [rule] } } })).get('rateLimit.global')).toBe(
      '9 a month by all instances, each request counts 3, together with other services @0',
    );
  });

  it('gives each field the value that its layer alone gives it', () => {
    const layers = [specOf({ retry: { retryOn: { triggers: ['reset'] } }, retryBudget: { percent: 1 } }), everything];
    for (const { field, value, from } of policyFields(layers.map((policy, owner) => ({ owner, policy })))) {
      const alone = policyFields(from === null ? [] : [{ owner: 0, policy: layers[from] as TrafficPolicy }]);
      expect([field, alone.find((other) => other.field === field)?.value]).toEqual([field, value]);
    }
  });
});

describe('writtenDuration', () => {
  it('writes the units that are not 0', () => {
    expect([0, 250, 1000, 90_000, 5_400_500].map(writtenDuration)).toEqual([
      '0s',
      '250ms',
      '1s',
      '1m30s',
      '1h30m500ms',
    ]);
  });
});
