import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';

const metadata = { name: 'cart' };
const policy = (spec: object) => ({
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'BackendTrafficPolicy',
  metadata,
  spec: { targetRefs: [{ group: '', kind: 'Service', name: 'cart' }], ...spec },
});

const limited = (rule: object) => policy({ rateLimit: { type: 'Local', local: { rules: [rule] } } });

function faultsOf(value: unknown): string[] {
  return checkDocument(value).faults.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

describe('backendTrafficPolicySchema', () => {
  it.each([
    ['no target', policy({ targetRefs: [] }), 'spec.targetRefs: a policy has at least one target'],
    [
      'a Gateway as target',
      policy({ targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'a' }] }),
      'spec.targetRefs[0].kind: a policy of the mesh targets a Service or an ExternalService',
    ],
    [
      'both names of outlier detection',
      policy({ outlierDetection: {}, healthCheck: { passive: {} } }),
      'spec.outlierDetection: outlierDetection and healthCheck.passive are the same setting: write one of them',
    ],
    [
      'both limits of retries',
      policy({ circuitBreaker: { maxParallelRetries: 1 }, retryBudget: {} }),
      'spec.retryBudget: retryBudget and circuitBreaker.maxParallelRetries both limit retries: write one of them',
    ],
    [
      'a limit below zero',
      policy({ circuitBreaker: { maxConnections: -1 } }),
      'spec.circuitBreaker.maxConnections: write a whole number from 0 to 4294967295',
    ],
    [
      '110 percent',
      policy({ retryBudget: { percent: 110 } }),
      'spec.retryBudget.percent: write a percentage from 0 to 100',
    ],
    [
      'a back-off that shrinks',
      policy({ retry: { perRetry: { backOff: { baseInterval: '1s', maxInterval: '1ms' } } } }),
      'spec.retry.perRetry.backOff.maxInterval: shorter than baseInterval (1s)',
    ],
    [
      'codes without their trigger',
      policy({ retry: { retryOn: { httpStatusCodes: [503] } } }),
      'spec.retry.retryOn.httpStatusCodes: httpStatusCodes need retriable-status-codes among the triggers',
    ],
    [
      'a trigger of HTTP/3',
      policy({ retry: { retryOn: { triggers: ['http3-post-connect-failure'] } } }),
      'spec.retry.retryOn.triggers[0]: http3-post-connect-failure can never happen: Heddle does not speak HTTP/3; remove it',
    ],
    [
      'a trigger without its headers',
      policy({ retry: { retryOn: { triggers: ['retriable-headers'] } } }),
      'spec.retry.retryOn.triggers: retriable-headers needs headers',
    ],
    [
      'headers without their trigger',
      policy({ retry: { retryOn: { headers: [{ name: 'x-a' }] } } }),
      'spec.retry.retryOn.headers: headers need retriable-headers among the triggers',
    ],
    [
      'a header comparison without a value',
      policy({ retry: { retryOn: { requestHeaders: [{ name: 'x-a', type: 'Prefix' }] } } }),
      'spec.retry.retryOn.requestHeaders[0].type: Prefix needs a value',
    ],
    [
      'no header that says how long to wait',
      policy({ retry: { perRetry: { rateLimitedBackOff: { resetHeaders: [] } } } }),
      'spec.retry.perRetry.rateLimitedBackOff.resetHeaders: name at least one header, such as Retry-After',
    ],
    [
      'a connect timeout of zero',
      policy({ timeout: { tcp: { connectTimeout: '0s' } } }),
      'spec.timeout.tcp.connectTimeout: write a duration longer than 0',
    ],
    [
      'more than all outliers ejected',
      policy({ healthCheck: { passive: { enforcingSuccessRate: 101 } } }),
      'spec.healthCheck.passive.enforcingSuccessRate: write a whole number from 0 to 100',
    ],
    [
      'a misspelled detector',
      policy({ outlierDetection: { consecutiveGatewayError: 3 } }),
      'spec.outlierDetection.consecutiveGatewayError: unknown field consecutiveGatewayError; did you mean consecutiveGatewayErrors?',
    ],
    [
      'a health check over HTTP without a path',
      policy({ healthCheck: { active: { type: 'HTTP' } } }),
      'spec.healthCheck.active.http: a check of type HTTP needs http.path',
    ],
    [
      'a health check of two kinds',
      policy({ healthCheck: { active: { type: 'TCP', grpc: {} } } }),
      'spec.healthCheck.active.grpc: a check of type TCP has no grpc',
    ],
    [
      'a path that is none',
      policy({ healthCheck: { active: { type: 'HTTP', http: { path: 'healthz' } } } }),
      'spec.healthCheck.active.http.path: write a path that begins with a slash, such as /healthz',
    ],
    [
      'a check without time',
      policy({ healthCheck: { active: { type: 'TCP', timeout: '0s' } } }),
      'spec.healthCheck.active.timeout: write a duration longer than 0',
    ],
    [
      'checks that are a load of their own',
      policy({ healthCheck: { active: { type: 'TCP', interval: '99ms' } } }),
      'spec.healthCheck.active.interval: write a duration of 100ms or more',
    ],
    [
      'a payload without its bytes',
      policy({ healthCheck: { active: { type: 'TCP', tcp: { send: { type: 'Text', binary: 'aGk=' } } } } }),
      'spec.healthCheck.active.tcp.send.text: a payload of type Text needs text',
      'spec.healthCheck.active.tcp.send.binary: a payload of type Text has no binary',
    ],
    [
      'a body limit of nothing',
      policy({ requestBuffer: { limit: '0' } }),
      'spec.requestBuffer.limit: write a number of bytes from 1 to 4294967295, such as 1Mi, 500Ki or 2M',
    ],
    [
      'a limit of bandwidth of nothing',
      policy({ bandwidthLimit: {} }),
      'spec.bandwidthLimit: write request, response or both, each with a limit',
    ],
    [
      'a bandwidth that no field can say',
      policy({ bandwidthLimit: { request: { limit: { value: '10Ki', unit: 'Minute' } } } }),
      'spec.bandwidthLimit.request.limit.value: write a number of bytes of which each second has at least 1Ki, such as 10Mi or 500Ki',
    ],
    [
      'a bandwidth of a day',
      policy({ bandwidthLimit: { response: { limit: { value: '1Gi', unit: 'Day' } } } }),
      'spec.bandwidthLimit.response.limit.unit: write Second, Minute or Hour',
    ],
    [
      'trailers of no name',
      policy({
        bandwidthLimit: { response: { limit: { value: 2048, unit: 'Second' }, responseTrailers: { prefix: 'a b' } } },
      }),
      'spec.bandwidthLimit.response.responseTrailers.prefix: write the beginning of a header name, such as x-cart',
    ],
    [
      'a window of a day',
      policy({ admissionControl: { samplingWindow: '24h' } }),
      'spec.admissionControl.samplingWindow: write a duration from 1s to 10m',
    ],
    [
      'a success rate of 0',
      policy({ admissionControl: { successRateThreshold: 0 } }),
      'spec.admissionControl.successRateThreshold: write a percentage from 1 to 100',
    ],
    [
      'a concurrency of 0',
      policy({ adaptiveConcurrency: { maxConcurrency: 0 } }),
      'spec.adaptiveConcurrency.maxConcurrency: write a whole number from 1 to 4294967295',
    ],
    [
      'signs of life that nobody can choose',
      policy({ tcpKeepalive: { idleTime: '1500ms', probes: 3, interval: '10s' } }),
      'spec.tcpKeepalive.idleTime: write whole seconds from 1s to 32767s',
      'spec.tcpKeepalive.probes: probes cannot be chosen, 10 probes are sent, 1 s apart: remove it',
      'spec.tcpKeepalive.interval: interval cannot be chosen, 10 probes are sent, 1 s apart: remove it',
    ],
    [
      'no streams, and windows that no sidecar holds',
      policy({
        http2: { maxConcurrentStreams: 0, initialStreamWindowSize: '1Ki', initialConnectionWindowSize: '1Gi' },
      }),
      'spec.http2.maxConcurrentStreams: write a whole number from 1 to 2147483647',
      'spec.http2.initialStreamWindowSize: write a number of bytes from 65535 to 16Mi, such as 256Ki',
      'spec.http2.initialConnectionWindowSize: write a number of bytes from 65535 to 16Mi, such as 256Ki',
    ],
    [
      'an hour of rest',
      policy({ retryAfter: { maxWait: '1h' } }),
      'spec.retryAfter.maxWait: write a duration from 1s to 5m',
    ],
    ['a fallback to nothing', policy({ fallback: {} }), 'spec.fallback: write one of backendRef and directResponse'],
    [
      'an answer that is no answer',
      policy({ fallback: { directResponse: { statusCode: 100 } } }),
      'spec.fallback.directResponse.statusCode: write a whole number from 200 to 599',
    ],
    ['a limit of no kind', policy({ rateLimit: {} }), 'spec.rateLimit.type: missing field type'],
    ['a limit of nothing', policy({ rateLimit: { type: 'Local' } }), 'spec.rateLimit: missing field local'],
    [
      'a global limit of nothing',
      policy({ rateLimit: { type: 'Global', local: { rules: [{ limit: { requests: 1, unit: 'Hour' } }] } } }),
      'spec.rateLimit: missing field global',
      'spec.rateLimit.local: the type is Global: remove it, or write the other type',
    ],
    [
      'a global limit that costs more',
      policy({
        rateLimit: {
          type: 'Global',
          global: {
            rules: [
              { limit: { requests: 9, unit: 'Year' }, cost: { request: { from: 'Number', number: 10 } } },
              { limit: { requests: 9, unit: 'Year' }, cost: { request: { from: 'Number', number: 0 } } },
              { limit: { requests: 9, unit: 'Year' }, cost: { request: { from: 'Metadata', number: 1 } } },
              { limit: { requests: 9, unit: 'Year' }, cost: { request: { from: 'Number', number: 9 }, response: {} } },
            ],
          },
        },
      }),
      'spec.rateLimit.global.rules[0].cost.request.number: more than the limit, 9: no request would go on',
      'spec.rateLimit.global.rules[1].cost.request.number: write a whole number from 1 to 1000000000',
      'spec.rateLimit.global.rules[2].cost.request.from: Metadata is not supported by this version of Heddle: write Number',
      'spec.rateLimit.global.rules[3].cost.response: response is no part of this document: write request: what an answer costs is not known when its request is counted',
    ],
    [
      'a local limit of neither requests nor connections',
      policy({ rateLimit: { type: 'Local', local: {} } }),
      'spec.rateLimit.local: says nothing: write rules for requests, tcp for connections',
    ],
    [
      'connections at a rate that is none',
      policy({ rateLimit: { type: 'Local', local: { tcp: { connectionRate: { num: 0, interval: '10ms' } } } } }),
      'spec.rateLimit.local.tcp.connectionRate.num: write a whole number from 1 to 4294967295',
      'spec.rateLimit.local.tcp.connectionRate.interval: write a duration from 50ms to 24h',
    ],
    [
      'a local limit of a month',
      limited({ limit: { requests: 1, unit: 'Month' } }),
      'spec.rateLimit.local.rules[0].limit.unit: Month is not supported by this version of Heddle: write Second, Minute, Hour or Day',
    ],
    [
      'a limit of 0 requests',
      limited({ limit: { requests: 0, unit: 'Second' } }),
      'spec.rateLimit.local.rules[0].limit.requests: write a whole number from 1 to 4294967295',
    ],
    [
      'too many selectors in all rules together',
      policy({
        rateLimit: {
          type: 'Local',
          local: {
            rules: Array(9).fill({
              clientSelectors: Array(8).fill({ path: { value: '/a' } }),
              limit: { requests: 1, unit: 'Hour' },
            }),
          },
        },
      }),
      'spec.rateLimit.local.rules: at most 64 selectors in all rules',
    ],
    [
      'a limit for a selector that says nothing',
      limited({ clientSelectors: [{}], limit: { requests: 1, unit: 'Second' } }),
      'spec.rateLimit.local.rules[0].clientSelectors[0]: says nothing: write headers, methods, path or principal, or leave clientSelectors out',
    ],
    [
      'a limit for a caller who is none',
      limited({ clientSelectors: [{ principal: { value: 'web' } }], limit: { requests: 1, unit: 'Second' } }),
      'spec.rateLimit.local.rules[0].clientSelectors[0].principal.value: write a SPIFFE id such as spiffe://cluster.local/ns/default/sa/web',
    ],
    [
      'a limit for each of one',
      limited({
        clientSelectors: [{ headers: [{ type: 'Distinct', name: 'x', value: 'a' }] }],
        limit: { requests: 1, unit: 'Second' },
      }),
      'spec.rateLimit.local.rules[0].clientSelectors[0].headers[0].value: Distinct counts every value: remove it',
    ],
    [
      'all but each of one',
      limited({
        clientSelectors: [{ headers: [{ type: 'Distinct', name: 'x', invert: true }] }],
        limit: { requests: 1, unit: 'Second' },
      }),
      'spec.rateLimit.local.rules[0].clientSelectors[0].headers[0].invert: Distinct counts every value: remove it',
    ],
    [
      'patterns that cannot be used',
      limited({
        clientSelectors: [
          {
            headers: [{ type: 'RegularExpression', name: 'x', value: 'a(' }],
            path: { type: 'RegularExpression', value: '/a{295}' },
          },
        ],
        limit: { requests: 1, unit: 'Second' },
      }),
      expect.stringMatching(/headers\[0\]\.value: the pattern is not a pattern as RE2 reads it: missing closing/),
      expect.stringMatching(/path\.value: the pattern compiles to 30[0-9] steps, more than 300/),
    ],
    [
      'a retry for a header with a pattern that is none',
      policy({ retry: { retryOn: { requestHeaders: [{ name: 'x-a', type: 'RegularExpression', value: '(?!a)' }] } } }),
      expect.stringMatching(/requestHeaders\[0\]\.value: the pattern looks ahead or behind/),
    ],
    [
      'a path that is none',
      limited({ clientSelectors: [{ path: { value: 'a?b' } }], limit: { requests: 1, unit: 'Second' } }),
      'spec.rateLimit.local.rules[0].clientSelectors[0].path.value: a path begins with / and has no query',
    ],
    [
      'a limit by address',
      limited({
        clientSelectors: [{ methods: [{ value: 'GET' }], sourceCIDR: {} }],
        limit: { requests: 1, unit: 'Second' },
      }),
      'spec.rateLimit.local.rules[0].clientSelectors[0].sourceCIDR: sourceCIDR is no part of this document: write principal: between sidecars every address is that of a sidecar',
    ],
  ])('refuses a policy with %s', (_, value, ...faults) => {
    expect(faultsOf(value)).toEqual(faults);
  });

  it('answers outlierDetection as healthCheck.passive', () => {
    const { document } = checkDocument(policy({ outlierDetection: { consecutive5XxErrors: 3 } }));
    expect(document?.spec).toEqual({
      targetRefs: [{ group: '', kind: 'Service', name: 'cart' }],
      healthCheck: { passive: { consecutive5XxErrors: 3 } },
    });
  });
});
