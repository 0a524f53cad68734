import fc from 'fast-check';

/**
 * Documents as users may write them: within the bounds of the Gateway API and of our own kinds, and as odd as those
 * bounds allow. Some of them the model refuses, by a rule that says so; what it does not refuse must work.
 *
 * Source: gateway-api `apis/v1/httproute_types.go` and the validation rules of its CRDs.
 */

type Fields = Record<string, unknown>;

/** Left out three times in four: a document is odd in a few places at a time, so that one oddity does not hide another. */
const rarely = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 3 }, { arbitrary: value, weight: 1 });
const often = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 1 }, { arbitrary: value, weight: 2 });

const text = (alphabet: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength });
const letters = 'abcdefghijklmnopqrstuvwxyz';

const label = fc.oneof(fc.constantFrom('a', '0', 'cart', 'a'.repeat(63), `x${'-'.repeat(61)}y`), text(letters, 63));
export const subdomain = fc.oneof(label, fc.constantFrom('a.b', 'cart.default', `${'a.'.repeat(126)}a`));

/** Every form of GEP-2257, from none at all to eleven years. */
export const duration = fc.oneof(
  fc.constantFrom(
    '0s',
    '0ms',
    '1ms',
    '500ms',
    '2s',
    '1h30m10s5ms',
    '99999h',
    '99999h99999h99999h99999h',
    '597h',
    '0h0m0s',
  ),
  fc.tuple(fc.nat(99_999), fc.constantFrom('h', 'm', 's', 'ms')).map(([count, unit]) => `${count}${unit}`),
);
const positiveDuration = duration.filter((written) => /[1-9]/.test(written));

/**
 * `usual` in nine of ten places, else a value that the model refuses, or might: one of those keeps the whole document out,
 * and then nothing else in it is tried.
 */
const mostly = <T>(usual: fc.Arbitrary<T>, doubtful: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: usual, weight: 19 }, { arbitrary: doubtful, weight: 1 });

// biome-ignore format: a list of words
const headerName = mostly(
  fc.oneof(
    fc.constantFrom(
      'x-user', 'X-User', 'Accept', 'Cookie', 'Server', 'Date', 'Location', 'x-request-id', 'x-envoy-attempt-count', 'set-cookie',
      "!#$%'*+-.^_`|~", '0', 'x'.repeat(256), 'via', 'x_heddle_peer', 'X-Forwarded-Client-Cert', 'traceparent',
    ),
    text(`${letters}0123456789-_`, 20),
  ),
  fc.constantFrom(
    'Host', 'host', 'Expect', 'HTTP2-Settings', 'x-heddle-peer', 'X-Heddle-Anything', 'Connection', 'te', 'Upgrade', 'Content-Length',
    'Keep-Alive', 'Proxy-Connection', 'Trailer', 'Transfer-Encoding', 'a&b', 'a#b', ':method', '', 'a b', 'x'.repeat(257),
  ),
);

// biome-ignore format: a list of words
const headerValue = mostly(
  fc.oneof(
    fc.constantFrom(
      'a', '%', '%%', '100%', '50%%', '%REQ(x-user)%', '%START_TIME%', '%%REQ(:path)%%', '%AB%20', 'a,b', 'a, b', '"q"', 'a\tb', 'a  b',
      'x'.repeat(4096), '%'.repeat(4096), '{{}}', '\\',
    ),
    text('!"#$%&\'()*+,-./0123456789:;<=>?@ABC[\\]^_`abc{|}~', 40),
  ),
  fc.oneof(
    fc.constantFrom('Ünïcödé', '日本', '🜁', 'a\u00a0', 'a\u0000b', 'a\r\nx: y', ' a', 'a ', '', '\ud800', 'x'.repeat(4097)),
    fc.string({ minLength: 1, maxLength: 40 }),
  ),
);

const pathSegment = mostly(
  fc.oneof(
    fc.constantFrom('a', 'b', 'ab', '%20', '%AB%20', '%FF', "~!$&'()*+,;=:@", '...', '.a'),
    text(`${letters}0123456789-._~`, 12).filter((segment) => segment !== '.' && segment !== '..'),
  ),
  fc.constantFrom('', '.', '..', '%2F', '%2f', 'x'.repeat(1000), 'é', '%', '?', '#', '"', '<'),
);
const path = fc
  .tuple(fc.array(pathSegment, { maxLength: 4 }), fc.constantFrom('', '/'))
  .map(([segments, end]) => (segments.length === 0 ? '/' : `/${segments.join('/')}${end}`));

/** Some of them the model refuses. */
const pattern = mostly(
  fc.constantFrom('/a.*', '(?i)/A', '[a-z]{2,9}', '(a|b)+', '/users/[0-9]+', '.*', '\\d+', '(?:x){1,40}', '100%%?'),
  fc.constantFrom('[', '(a', 'a{1001}', '(a{1,30}){1,30}', '(?=a)', '(a)\\1', 'é', ''),
);
const httpPathMatch = fc.oneof(
  { arbitrary: fc.record({ type: fc.constantFrom('Exact', 'PathPrefix'), value: path }), weight: 4 },
  { arbitrary: fc.record({ type: fc.constant('RegularExpression'), value: pattern }), weight: 1 },
);
const named = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>) =>
  fc.oneof(
    { arbitrary: fc.record({ name, value, type: rarely(fc.constant('Exact')) }), weight: 4 },
    { arbitrary: fc.record({ name, value: pattern, type: fc.constant('RegularExpression') }), weight: 1 },
  );

const httpRouteMatch = fc.record({
  path: often(httpPathMatch),
  headers: rarely(fc.array(named(headerName, headerValue), { maxLength: 3 })),
  queryParams: rarely(
    fc.array(
      named(
        headerName,
        mostly(
          fc.constantFrom('a', '%', 'a%20b', 'a+b', 'a=b', '%41', 'x'.repeat(1024)),
          fc.constantFrom('a b', 'é', 'a&b', 'a#b', ''),
        ),
      ),
      {
        maxLength: 3,
      },
    ),
  ),
  method: rarely(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH')),
});

const headerModifier = fc.record({
  set: often(fc.array(fc.record({ name: headerName, value: headerValue }), { maxLength: 3 })),
  add: rarely(fc.array(fc.record({ name: headerName, value: headerValue }), { maxLength: 3 })),
  remove: rarely(fc.array(headerName, { maxLength: 3 })),
});
const pathModifier = fc.oneof(
  fc.record({ type: fc.constant('ReplaceFullPath'), replaceFullPath: fc.oneof(path, fc.constant('')) }),
  fc.record({ type: fc.constant('ReplacePrefixMatch'), replacePrefixMatch: fc.oneof(path, fc.constant('')) }),
);
const port = fc.oneof(fc.constantFrom(1, 80, 443, 8080, 65_535), fc.integer({ min: 1, max: 65_535 }));
const requestRedirect = fc.record({
  scheme: often(fc.constantFrom('http', 'https')),
  hostname: often(subdomain),
  path: rarely(pathModifier),
  port: rarely(port),
  statusCode: rarely(fc.constantFrom(301, 302, 303, 307, 308)),
});
const backendName = fc.record({ name: fc.constantFrom('cart', 'cart-v2', 'missing'), port: fc.constantFrom(80, 81) });
const requestMirror = fc.oneof(
  fc.record({ backendRef: backendName, percent: rarely(fc.integer({ min: 0, max: 100 })) }),
  fc.record({
    backendRef: backendName,
    fraction: fc.record({ numerator: fc.nat(7), denominator: fc.constantFrom(7, 1000, 3_000_000) }),
  }),
);
const origin = fc.constantFrom(
  'https://a.example',
  'HTTP://A.Example:8080',
  'https://*.a.example',
  'https://*',
  'x+y.z-1://*:1',
  'https://a.b-c',
);
const cors = fc.record({
  allowOrigins: often(fc.oneof(fc.constant(['*']), fc.uniqueArray(origin, { maxLength: 3 }))),
  allowCredentials: rarely(fc.boolean()),
  allowMethods: rarely(fc.constantFrom([], ['*'], ['GET', 'PUT'])),
  allowHeaders: rarely(fc.uniqueArray(headerName, { maxLength: 3 })),
  exposeHeaders: rarely(fc.constantFrom(['*'], ['x-total', 'X-Other'])),
  maxAge: rarely(fc.constantFrom(1, 2_147_483_647)),
});
const extensionRef = fc.record({
  group: fc.constantFrom('heddle.dev', 'example.com'),
  kind: fc.constantFrom('HTTPRouteFilter', 'Lua'),
  name: fc.constantFrom('a', 'cart', 'missing'),
});
const httpRouteFilter = fc.oneof(
  fc.record({ type: fc.constant('ExtensionRef'), extensionRef }),
  fc.record({ type: fc.constant('RequestMirror'), requestMirror }),
  fc.record({ type: fc.constant('CORS'), cors }),
  fc.record({ type: fc.constant('RequestHeaderModifier'), requestHeaderModifier: headerModifier }),
  fc.record({ type: fc.constant('ResponseHeaderModifier'), responseHeaderModifier: headerModifier }),
  fc.record({ type: fc.constant('RequestRedirect'), requestRedirect }),
  fc.record({
    type: fc.constant('URLRewrite'),
    urlRewrite: fc.record({ hostname: often(subdomain), path: often(pathModifier) }),
  }),
);

const serviceName = fc.oneof(fc.constantFrom('cart', 'cart-v1', 'cart-v2', 'web', 'missing', 'a.b'), subdomain);
const weight = fc.oneof(fc.constantFrom(0, 1, 1_000_000), fc.integer({ min: 0, max: 1_000_000 }));
const backendRef = fc.record({
  group: rarely(fc.constantFrom('', 'core', 'example.com')),
  kind: rarely(fc.constantFrom('Service', 'ServiceImport')),
  namespace: rarely(fc.constantFrom('default', 'other')),
  name: serviceName,
  port: fc.oneof(fc.constant(80), port),
  weight: often(weight),
});
const backendFilter = fc.oneof(
  fc.record({ type: fc.constant('RequestHeaderModifier'), requestHeaderModifier: headerModifier }),
  fc.record({ type: fc.constant('ResponseHeaderModifier'), responseHeaderModifier: headerModifier }),
  fc.record({
    type: fc.constant('URLRewrite'),
    urlRewrite: fc.record({ hostname: often(subdomain), path: often(pathModifier) }),
  }),
);
const backendFilters = rarely(fc.uniqueArray(backendFilter, { maxLength: 2, selector: ({ type }) => type }));
const httpBackendRef = fc
  .tuple(backendRef, backendFilters)
  .map(([reference, filters]) => (filters === undefined ? reference : { ...reference, filters }));
const sessionTime = rarely(fc.constantFrom('1s', '1h30m', '100h', '999ms'));
const sessionPersistence = rarely(
  fc.record({
    type: rarely(fc.constantFrom('Cookie', 'Header')),
    sessionName: rarely(fc.constantFrom('cart', 'x-cart')),
    absoluteTimeout: sessionTime,
    idleTimeout: sessionTime,
    cookieConfig: rarely(fc.record({ lifetimeType: fc.constantFrom('Session', 'Permanent') })),
  }),
);
const httpRouteRule = fc.record({
  name: rarely(subdomain),
  matches: often(fc.array(httpRouteMatch, { minLength: 1, maxLength: 4 })),
  filters: rarely(fc.uniqueArray(httpRouteFilter, { maxLength: 3, selector: ({ type }) => type })),
  backendRefs: often(fc.array(httpBackendRef, { maxLength: 4 })),
  sessionPersistence,
  timeouts: rarely(fc.record({ request: often(duration), backendRequest: often(duration) })),
  retry: rarely(
    fc.record({
      codes: often(fc.array(fc.integer({ min: 400, max: 599 }), { maxLength: 5 })),
      attempts: often(fc.constantFrom(1, 2, 100)),
      backoff: often(duration),
    }),
  ),
});
const parentRef = fc.record({
  group: fc.constant(''),
  kind: fc.constant('Service'),
  namespace: rarely(fc.constantFrom('default', 'other')),
  name: mostly(fc.constantFrom('cart', 'cart', 'cart-v1'), serviceName),
  port: rarely(fc.constantFrom(80, 8080, 443)),
  sectionName: rarely(fc.constantFrom('http', 'grpc')),
});
const timestamp = rarely(fc.constantFrom('2024-01-01T00:00:00Z', '2025-06-01T12:00:00Z', 'yesterday'));
const metadata = (name: fc.Arbitrary<string>) =>
  fc.record({ name, namespace: fc.constantFrom('default', 'default', 'other'), creationTimestamp: timestamp });

/** Rules whose shape the Gateway API would refuse are not what is looked for. */
function withLegalCombination(rule: Fields): Fields {
  const filters = (rule.filters ?? []) as { type: string }[];
  const redirects = filters.some(({ type }) => type === 'RequestRedirect');
  const replacesPrefix = JSON.stringify([filters, rule.backendRefs]).includes('ReplacePrefixMatch');
  const matches = (rule.matches ?? []) as Fields[];
  const legal = redirects
    ? { ...rule, backendRefs: undefined, filters: filters.filter(({ type }) => type !== 'URLRewrite') }
    : rule;
  if (!replacesPrefix) return legal;
  const [match] = matches;
  return { ...legal, matches: [{ ...match, path: { ...Object(match?.path), type: 'PathPrefix' } }] };
}

export const httpRoute: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constantFrom('gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'),
  kind: fc.constant('HTTPRoute'),
  metadata: metadata(subdomain),
  spec: fc.record({
    parentRefs: fc.uniqueArray(parentRef, { minLength: 1, maxLength: 3, selector: (parent) => JSON.stringify(parent) }),
    hostnames: rarely(fc.constantFrom(['example.com'], ['*.example.com', 'example.org'])),
    rules: often(fc.array(httpRouteRule.map(withLegalCombination), { minLength: 1, maxLength: 4 })),
  }),
});

const grpcName = mostly(
  fc.constantFrom('Cart', 'shop.v1.Cart', 'Get', '_a'),
  fc.constantFrom('', 'a/b', '1a', 'a-b', 'é'),
);
const grpcMethod = fc.oneof(
  { arbitrary: fc.record({ service: often(grpcName), method: often(grpcName) }), weight: 3 },
  {
    arbitrary: fc.record({
      type: fc.constant('RegularExpression'),
      service: often(pattern),
      method: often(pattern),
    }),
    weight: 1,
  },
);
const grpcRouteFilter = fc.oneof(
  fc.record({ type: fc.constant('RequestMirror'), requestMirror }),
  fc.record({ type: fc.constant('RequestHeaderModifier'), requestHeaderModifier: headerModifier }),
  fc.record({ type: fc.constant('ResponseHeaderModifier'), responseHeaderModifier: headerModifier }),
);
const grpcRouteRule = fc.record({
  name: rarely(subdomain),
  matches: often(
    fc.array(
      fc.record({
        method: often(grpcMethod),
        headers: rarely(fc.array(named(headerName, headerValue), { maxLength: 2 })),
      }),
      { maxLength: 4 },
    ),
  ),
  filters: rarely(fc.uniqueArray(grpcRouteFilter, { maxLength: 2, selector: ({ type }) => type })),
  backendRefs: often(fc.array(backendRef, { maxLength: 3 })),
});

export const grpcRoute: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constantFrom('gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1alpha2'),
  kind: fc.constant('GRPCRoute'),
  metadata: metadata(subdomain),
  spec: fc.record({
    parentRefs: fc.uniqueArray(parentRef, { minLength: 1, maxLength: 3, selector: (parent) => JSON.stringify(parent) }),
    rules: often(fc.array(grpcRouteRule, { minLength: 1, maxLength: 3 })),
  }),
});

export const httpRouteFilterDocument: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constant('heddle.dev/v1alpha1'),
  kind: fc.constant('HTTPRouteFilter'),
  metadata: metadata(fc.constantFrom('a', 'cart')),
  spec: fc.record({
    directResponse: often(
      fc.record({
        statusCode: often(fc.constantFrom(200, 204, 418, 599)),
        contentType: rarely(headerValue),
        body: often(fc.record({ inline: fc.constantFrom('', 'no', '100%', 'é'.repeat(2048), 'a\r\nb', '{}') })),
      }),
    ),
    callers: often(
      fc.array(fc.record({ namespace: fc.constantFrom('default', 'other'), serviceAccount: often(subdomain) }), {
        minLength: 1,
        maxLength: 2,
      }),
    ),
  }),
});

export const tcpRoute: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constantFrom('gateway.networking.k8s.io/v1alpha2', 'gateway.networking.k8s.io/v1'),
  kind: fc.constant('TCPRoute'),
  metadata: metadata(subdomain),
  spec: fc.record({
    parentRefs: fc.uniqueArray(parentRef, { minLength: 1, maxLength: 3, selector: (parent) => JSON.stringify(parent) }),
    rules: fc.array(
      fc.record({ name: rarely(label), backendRefs: fc.array(backendRef, { minLength: 1, maxLength: 4 }) }),
      { minLength: 1, maxLength: 1 },
    ),
  }),
});

const uint32 = fc.constantFrom(0, 1, 1024, 4_294_967_295);
const percent = fc.constantFrom(0, 0.4, 20, 99.9, 100);
const trigger = fc.constantFrom(
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'refused-stream',
  'retriable-4xx',
  'envoy-ratelimited',
  'unavailable',
); // prettier-ignore
const passiveHealthCheck = fc.record({
  consecutive5XxErrors: often(uint32),
  interval: rarely(positiveDuration),
  baseEjectionTime: rarely(positiveDuration),
  maxEjectionTime: rarely(positiveDuration),
  maxEjectionPercent: often(percent),
});
const retryOn = fc.oneof(
  fc.record({ triggers: often(fc.array(trigger, { maxLength: 3 })) }),
  fc.record({
    triggers: fc.constant(['retriable-status-codes']),
    httpStatusCodes: fc.array(fc.integer({ min: 100, max: 599 }), { minLength: 1, maxLength: 5 }),
  }),
);
const loadBalancer = fc.oneof(
  fc.record({ type: fc.constantFrom('RoundRobin', 'LeastRequest', 'Random', 'PeakEwma') }),
  fc.record(
    { type: fc.constant('LeastRequest'), slowStart: fc.record({ window: fc.constantFrom('1s', '2m') }) },
    { requiredKeys: ['type'] },
  ),
  fc.record({
    type: fc.constant('ConsistentHash'),
    consistentHash: fc.oneof(
      fc.record({
        type: fc.constant('SourceIP'),
        algorithm: fc.constantFrom('Maglev', 'RingHash'),
        hashBalanceFactor: rarely(fc.constantFrom(100, 150)),
      }),
      fc.record({
        type: fc.constant('Cookie'),
        cookie: fc.record({ name: fc.constant('user'), ttl: fc.constant('1h') }),
      }),
    ),
  }),
  fc.record({
    type: fc.constant('Random'),
    zoneAware: fc.record({ weightedZones: fc.constantFrom([], [{ zone: 'a', weight: 9 }]) }),
  }),
);
const trafficPolicy = fc.record({
  loadBalancer: rarely(loadBalancer),
  circuitBreaker: rarely(
    fc.record({
      maxConnections: often(uint32),
      maxPendingRequests: often(uint32),
      maxParallelRequests: often(uint32),
      maxParallelRetries: rarely(uint32),
      maxRequestsPerConnection: often(uint32),
      perEndpoint: rarely(fc.record({ maxConnections: often(uint32) })),
      highPriority: rarely(fc.record({ maxConnections: often(uint32), maxParallelRetries: rarely(uint32) })),
    }),
  ),
  healthCheck: rarely(fc.record({ passive: often(passiveHealthCheck) })),
  retry: rarely(
    fc.record({
      numRetries: often(fc.constantFrom(0, 1, 100)),
      perRetry: often(
        fc.record({
          timeout: often(positiveDuration),
          idleTimeout: rarely(positiveDuration),
          backOff: often(fc.record({ baseInterval: often(positiveDuration), maxInterval: often(positiveDuration) })),
        }),
      ),
      retryOn: often(retryOn),
      hedgeOnPerTryTimeout: rarely(fc.boolean()),
      bodyBufferLimitBytes: rarely(fc.integer({ min: 0, max: 1_048_576 })),
      retryNonIdempotent: often(fc.boolean()),
    }),
  ),
  retryAfter: rarely(fc.record({ maxWait: rarely(fc.constantFrom('1s', '5m')) })),
  fallback: rarely(
    fc.oneof(
      fc.record({ backendRef: backendName }),
      fc.record({ directResponse: fc.record({ statusCode: rarely(fc.constantFrom(200, 599)) }) }),
    ),
  ),
  adaptiveConcurrency: rarely(
    fc.record({ samplePercentile: rarely(percent), maxConcurrency: rarely(fc.constantFrom(1, 4_294_967_295)) }),
  ),
  admissionControl: rarely(
    fc.record({
      samplingWindow: rarely(fc.constantFrom('1s', '1500ms', '10m')),
      aggression: rarely(fc.constantFrom(1, 1.5, 100)),
      maxRejectionProbability: rarely(percent),
    }),
  ),
  retryBudget: rarely(fc.record({ percent: often(percent), minRetryConcurrency: often(uint32) })),
  timeout: rarely(
    fc.record({
      tcp: often(fc.record({ connectTimeout: often(positiveDuration) })),
      http: often(
        fc.record({
          requestTimeout: often(duration),
          connectionIdleTimeout: often(duration),
          streamIdleTimeout: often(duration),
          maxConnectionDuration: rarely(duration),
          maxStreamDuration: rarely(duration),
          maxGrpcTimeout: rarely(duration),
        }),
      ),
    }),
  ),
});

const selector = fc
  .record({
    headers: often(
      fc.array(
        fc.oneof(
          fc.record({ name: fc.constant('x-plan'), value: fc.constantFrom('free', '') }),
          fc.record({ type: fc.constant('Distinct'), name: fc.constant('x-user') }),
        ),
        { minLength: 1, maxLength: 2 },
      ),
    ),
    methods: rarely(fc.constant([{ value: 'POST' }])),
    path: rarely(
      fc.record({ type: often(fc.constantFrom('Exact', 'PathPrefix')), value: fc.constantFrom('/', '/a/') }),
    ),
    principal: rarely(fc.constantFrom({ type: 'Distinct' }, { value: 'spiffe://cluster.local/ns/default/sa/web' })),
  })
  .filter((parts) => Object.values(parts).some((part) => part !== undefined));

const rateRules = (...units: readonly string[]) =>
  fc.record({
    rules: fc.array(
      fc.record({
        clientSelectors: often(fc.array(selector, { maxLength: 2 })),
        limit: fc.record({
          requests: fc.constantFrom(1, 1000, 4_294_967_295),
          unit: fc.constantFrom(...units),
        }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  });

const globalRules = fc
  .tuple(rateRules('Second', 'Month', 'Year'), rarely(fc.boolean()), rarely(fc.constantFrom(1, 5, 1_000_000_000)))
  .map(([{ rules }, shared, number]) => ({
    rules: rules.map((rule) => ({
      ...rule,
      ...(shared !== undefined && { shared }),
      ...(number !== undefined && { cost: { request: { from: 'Number', number } } }),
    })),
  }));

export const rateLimit: fc.Arbitrary<object> = fc.oneof(
  fc.record({ type: fc.constant('Local'), local: rateRules('Second', 'Minute', 'Hour', 'Day') }),
  fc.record({ type: fc.constant('Global'), global: globalRules }),
);

const bandwidth = fc.record({
  value: fc.constantFrom('10Mi', '4M', 4_000_000, '3Ti'),
  unit: fc.constantFrom('Second', 'Minute', 'Hour'),
});

const bandwidthLimit: fc.Arbitrary<object> = fc.oneof(
  fc.record({ request: fc.record({ limit: bandwidth }) }),
  fc.record({
    request: rarely(fc.record({ limit: bandwidth })),
    response: fc.record({
      limit: bandwidth,
      responseTrailers: rarely(fc.record({ prefix: often(fc.constantFrom('x-cart', 'X')) })),
    }),
  }),
);

export const backendTrafficPolicy: fc.Arbitrary<object> = fc
  .tuple(
    metadata(subdomain),
    fc.array(
      fc.record({
        group: fc.constant(''),
        kind: fc.constant('Service'),
        name: fc.constantFrom('cart', 'cart', 'web', 'cart-v1'),
        sectionName: rarely(fc.constant('http')),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    trafficPolicy,
    rarely(rateLimit),
    rarely(fc.record({ limit: fc.constantFrom('1Mi', '1.5Ki', 1, '4294967295') })),
    rarely(bandwidthLimit),
  )
  .map(([about, targetRefs, policy, limit, requestBuffer, bandwidth]) => ({
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: about,
    spec: {
      targetRefs,
      ...policy,
      ...(limit !== undefined && { rateLimit: limit }),
      ...(requestBuffer && { requestBuffer }),
      ...(bandwidth && { bandwidthLimit: bandwidth }),
    },
  }));

const percentage = rarely(fc.double({ min: 0, max: 100, noNaN: true }));

export const faultInjection: fc.Arbitrary<object> = fc
  .tuple(
    metadata(subdomain),
    fc.constantFrom('cart', 'cart', 'web', 'cart-v1'),
    fc.record({
      until: fc.constantFrom('2030-01-01T00:00:00Z', '1999-12-31T23:59:59.999+14:00'),
      delay: fc.oneof(
        fc.record({ fixedDelay: duration.filter((text) => /[1-9]/.test(text)), percentage }),
        fc.record({ fromHeader: fc.constant(true), percentage }),
      ),
      abort: rarely(
        fc.oneof(
          fc.record({ httpStatus: fc.integer({ min: 200, max: 599 }), percentage }),
          fc.record({ grpcStatus: fc.integer({ min: 0, max: 16 }), percentage }),
        ),
      ),
      maxActiveFaults: rarely(fc.integer({ min: 1, max: 1_000_000 })),
    }),
  )
  .map(([about, name, spec]) => ({
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'FaultInjection',
    metadata: about,
    spec: { targetRefs: [{ group: '', kind: 'Service', name }], ...spec },
  }));

export const mesh: fc.Arbitrary<object> = fc
  .record({
    outboundTrafficPolicy: rarely(fc.record({ mode: fc.constantFrom('ALLOW_ANY', 'REGISTRY_ONLY') })),
    pathNormalization: rarely(
      fc.record({
        normalization: rarely(fc.constantFrom('NONE', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES')),
      }),
    ),
    headersWithUnderscoresAction: rarely(fc.constantFrom('ALLOW', 'REJECT_REQUEST', 'DROP_HEADER')),
    protocolDetectionTimeout: rarely(duration),
    rateLimit: often(
      fc.record({
        backendRef: fc.record({ name: fc.constantFrom('cart', 'web', 'nobody'), port: fc.constantFrom(80, 7) }),
        timeout: rarely(positiveDuration),
        failClosed: rarely(fc.boolean()),
      }),
    ),
    defaults: often(trafficPolicy),
  })
  .map((spec) => ({ apiVersion: 'heddle.dev/v1alpha1', kind: 'Mesh', metadata: { name: 'default' }, spec }));

const labelValue = fc.constantFrom('v1', 'V1', '1.2.3', 'v1_beta', 'x'.repeat(63), '', 'a-b');
export const service: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constant('v1'),
  kind: fc.constant('Service'),
  metadata: metadata(fc.oneof(fc.constantFrom('cart', 'web', 'cart-v1'), label)),
  spec: fc.record({
    ports: fc.uniqueArray(
      fc.record({
        name: fc.oneof(fc.constantFrom('http', 'grpc'), label),
        protocol: rarely(fc.constantFrom('TCP', 'UDP', 'SCTP')),
        port: fc.oneof(fc.constant(80), port),
        targetPort: often(fc.oneof<fc.Arbitrary<string | number>[]>(port, fc.constantFrom('http', 'named'))),
        appProtocol: rarely(fc.constantFrom('http', 'kubernetes.io/h2c', 'grpc', 'tcp', 'redis', 'HTTPS', 'own', '')),
      }),
      { maxLength: 3, selector: (declared) => declared.name },
    ),
    selector: often(fc.constantFrom<Fields[]>({ app: 'cart' }, { app: 'web', version: 'v1' }, {})),
    clusterIP: rarely(fc.constantFrom('10.96.0.7', 'fd00::7', 'None', '')),
    type: rarely(fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName')),
  }),
});

const ipAddress = fc.constantFrom(
  '10.0.0.7',
  '0.0.0.0',
  '127.0.0.1',
  'fd00::7',
  '::',
  '::ffff:10.0.0.1',
  'fe80::1%eth0',
);
export const workload: fc.Arbitrary<object> = fc.record({
  apiVersion: fc.constant('heddle.dev/v1alpha1'),
  kind: fc.constant('Workload'),
  metadata: fc.record({
    name: fc.oneof(fc.constantFrom('cart-v1-1', 'web-1'), subdomain),
    namespace: fc.constantFrom('default', 'default', 'other'),
    labels: often(fc.record({ app: fc.constantFrom('cart', 'web', 'Cart', 'x_y'), version: often(labelValue) })),
  }),
  spec: fc.record({
    address: ipAddress,
    ports: fc.uniqueArray(
      fc.record({
        name: often(fc.constantFrom('http', 'named')),
        port,
        inboundPort: often(port),
        appProtocol: rarely(fc.constantFrom('http', 'http2', 'grpc', 'tcp')),
      }),
      { minLength: 1, maxLength: 3, selector: (declared) => declared.port },
    ),
    service: often(fc.oneof(fc.constantFrom('cart', 'web'), label)),
    serviceAccount: rarely(label),
    locality: rarely(
      fc.record({
        region: fc.constantFrom('', 'eu', 'Zürich', 'a|b', 'a\nb', '\ud800', 'x'.repeat(63)),
        zone: fc.constantFrom('', 'a', '\u0000'),
      }),
    ),
  }),
});
