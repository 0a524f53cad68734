import fc from 'fast-check';
import { often, rarely } from './frequency.ts';
import { backendName } from './references.ts';
import { headerName, headerValue, path, port, subdomain } from './values.ts';

// What rules of routes, and single backends of a rule, change of requests and answers.

const headerModifier = fc.record({
  set: often(fc.array(fc.record({ name: headerName, value: headerValue }), { maxLength: 3 })),
  add: rarely(fc.array(fc.record({ name: headerName, value: headerValue }), { maxLength: 3 })),
  remove: rarely(fc.array(headerName, { maxLength: 3 })),
});

const pathModifier = fc.oneof(
  fc.record({ type: fc.constant('ReplaceFullPath'), replaceFullPath: fc.oneof(path, fc.constant('')) }),
  fc.record({ type: fc.constant('ReplacePrefixMatch'), replacePrefixMatch: fc.oneof(path, fc.constant('')) }),
);

const requestRedirect = fc.record({
  scheme: often(fc.constantFrom('http', 'https')),
  hostname: often(subdomain),
  path: rarely(pathModifier),
  port: rarely(port),
  statusCode: rarely(fc.constantFrom(301, 302, 303, 307, 308)),
});

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

export const httpRouteFilter = fc.oneof(
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

const backendFilter = fc.oneof(
  fc.record({ type: fc.constant('RequestHeaderModifier'), requestHeaderModifier: headerModifier }),
  fc.record({ type: fc.constant('ResponseHeaderModifier'), responseHeaderModifier: headerModifier }),
  fc.record({
    type: fc.constant('URLRewrite'),
    urlRewrite: fc.record({ hostname: often(subdomain), path: often(pathModifier) }),
  }),
);

export const backendFilters = rarely(fc.uniqueArray(backendFilter, { maxLength: 2, selector: ({ type }) => type }));
export const grpcRouteFilter = fc.oneof(
  fc.record({ type: fc.constant('RequestMirror'), requestMirror }),
  fc.record({ type: fc.constant('RequestHeaderModifier'), requestHeaderModifier: headerModifier }),
  fc.record({ type: fc.constant('ResponseHeaderModifier'), responseHeaderModifier: headerModifier }),
);
