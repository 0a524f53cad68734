import { describe, expect, it } from 'vitest';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { resourceRoom, roomInWords } from '../pattern-budget.ts';
import { goodRouteConfiguration } from '../testing/resources.ts';
import type { Violation } from '../violation.ts';
import { validateRouteConfiguration } from './route-configuration.ts';

type RouteConfiguration = Input<'envoy.config.route.v3.RouteConfiguration'>;
type Route = Input<'envoy.config.route.v3.Route'>;

function validate(configuration: RouteConfiguration): Violation[] {
  const type = messageType('envoy.config.route.v3.RouteConfiguration');
  return validateRouteConfiguration(type.decode(type.encode(configuration)));
}

/** The violations of a configuration with one route, below that route. */
function validateRoute(route: Route): string[] {
  const start = 'virtual_hosts[0].routes[0]';
  return validate({ name: 'a:80', virtual_hosts: [{ name: 'a', domains: ['*'], routes: [route] }] }).map(
    ({ path, message }) => `${path.replace(start, '').replace(/^\./, '')}: ${message}`,
  );
}

const match = { prefix: '/' };
const route = { cluster: 'c' };
const NO = 'is not supported by the sidecar';

describe('validateRouteConfiguration', () => {
  it('accepts what the control plane makes', () => {
    expect(validate(goodRouteConfiguration())).toEqual([]);
  });

  it('accepts a route that says for itself whether it takes a WebSocket', () => {
    const upgrade_configs = [{ upgrade_type: 'websocket', enabled: { value: false } }];
    const routes = [{ match, route: { ...route, upgrade_configs } }];
    expect(validate({ name: 'a:80', virtual_hosts: [{ name: 'a', domains: ['*'], routes }] })).toEqual([]);
  });

  it('tells once that there are too many patterns, and compiles none beyond', () => {
    const routes = Array.from({ length: resourceRoom.patterns + 5_000 }, (_, index) => ({
      match: { safe_regex: { regex: index < resourceRoom.patterns ? `/${index % 10}/.*` : `/${index}/[` } },
      route,
    }));
    const faulty = validate({ name: 'a:80', virtual_hosts: [{ name: 'a', domains: ['*'], routes }] });
    // the ten patterns in front leave room for so many others, each of them faulty, of which a hundred are told
    expect(faulty).toHaveLength(101);
    expect(faulty.at(-1)?.message).toBe(`has ${resourceRoom.patterns - 10 + 1 - 100} more violations`);
    const sound = routes.map((each, index) => ({ ...each, match: { safe_regex: { regex: `/${index}/.*` } } }));
    expect(validate({ name: 'a:80', virtual_hosts: [{ name: 'a', domains: ['*'], routes: sound }] })).toEqual([
      {
        path: `virtual_hosts[0].routes[${resourceRoom.patterns}].match.safe_regex.regex`,
        message: `is one too many: a resource has ${roomInWords(resourceRoom)}`,
      },
    ]);
    const fitting = sound.slice(0, resourceRoom.patterns);
    expect(validate({ name: 'a:80', virtual_hosts: [{ name: 'a', domains: ['*'], routes: fitting }] })).toEqual([]);
  });

  it('accepts one without virtual hosts', () => {
    expect(validate({ name: 'a:80' })).toEqual([]);
  });

  it('reports everything at once, with the paths of the fields', () => {
    const clusters = [{ name: 'v1', weight: { value: 0 } }, { name: '' }];
    expect(
      validate({
        virtual_hosts: [
          { name: 'a', domains: ['A.example', '*'], routes: [{ match, route: { weighted_clusters: { clusters } } }] },
          { name: 'a', domains: ['a.example', 'x*y', ''], routes: [{}] },
          { domains: [] },
        ],
      }),
    ).toEqual([
      { path: 'name', message: 'is required' },
      { path: 'virtual_hosts[0].routes[0].route.weighted_clusters.clusters[1].name', message: 'is required' },
      { path: 'virtual_hosts[0].routes[0].route.weighted_clusters.clusters', message: 'needs a weight above 0' },
      { path: 'virtual_hosts[1].domains[1]', message: 'must be a host, *.suffix, prefix.* or *, and is "x*y"' },
      { path: 'virtual_hosts[1].domains[2]', message: 'must be a host, *.suffix, prefix.* or *, and is ""' },
      { path: 'virtual_hosts[1].routes[0].match', message: 'is required' },
      { path: 'virtual_hosts[1].routes[0]', message: 'needs route, redirect or direct_response' },
      { path: 'virtual_hosts[2].name', message: 'is required' },
      { path: 'virtual_hosts[2].domains', message: 'is required' },
      { path: 'virtual_hosts[1].name', message: 'is the same as virtual_hosts[0].name' },
      { path: 'virtual_hosts[1].domains[0]', message: 'is the same as virtual_hosts[0].domains[0]' },
    ]);
  });

  it.each<[what: string, domain: string]>([
    ['a host', 'cart.example'],
    ['a host with a port', 'cart.example:8080'],
    ['a suffix', '*.example'],
    ['a suffix with a dash', '*-cart.example'],
    ['a prefix', 'cart.*'],
    ['an IPv6 address', '[::1]:80'],
  ])('takes %s for a domain', (_what, domain) => {
    expect(validate({ name: 'a', virtual_hosts: [{ name: 'a', domains: [domain] }] })).toEqual([]);
  });

  it('refuses what is supported on routes alone', () => {
    const change = [{ header: { key: 'x', value: '1' } }];
    const paths = validate({
      name: 'a',
      validate_clusters: { value: true },
      request_headers_to_add: change,
      virtual_hosts: [{ name: 'a', domains: ['*'], retry_policy: {}, response_headers_to_remove: ['x'] }],
    });
    expect(paths).toEqual([
      { path: 'virtual_hosts[0].response_headers_to_remove', message: NO },
      { path: 'virtual_hosts[0].retry_policy', message: NO },
      { path: 'request_headers_to_add', message: NO },
      { path: 'validate_clusters', message: NO },
    ]);
  });
});

describe('a route', () => {
  it.each<[string, Route]>([
    ['the empty prefix', { match: { prefix: '' }, route }],
    ['a path of its own', { match: { path: '/a/%20b;c=d' }, route }],
    [
      'an application that may not say why',
      { match: { prefix: '' }, route, response_headers_to_remove: ['x-heddle-reason'] },
    ],
    ['a separated prefix', { match: { path_separated_prefix: '/a/b' }, route }],
    ['a header that is there', { match: { ...match, headers: [{ name: 'x' }] }, route }],
    [
      'a header in a range',
      { match: { ...match, headers: [{ name: 'x', range_match: { start: '1', end: '2' } }] }, route },
    ],
    ['no time limit', { match, route: { ...route, timeout: {} } }],
    ['a timeout that no timer holds', { match, route: { ...route, timeout: { seconds: 359_996_400 } } }],
    ['a whole path rewritten', { match, route: { ...route, path_rewrite: '/a%%20b' } }],
    [
      'a path rewritten by pattern, and the host of a header',
      {
        match,
        route: {
          ...route,
          regex_rewrite: { pattern: { regex: '^/v([0-9]+)/' }, substitution: '/\\1/' },
          host_rewrite_header: 'x-host',
        },
      },
    ],
    [
      'previous hosts left out',
      {
        match,
        route: {
          ...route,
          retry_policy: {
            retry_on: '5xx, unavailable',
            retry_host_predicate: [
              {
                name: 'previous',
                typed_config: {
                  type_url: 'type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
                  value: Buffer.alloc(0),
                },
              },
            ],
          },
        },
      },
    ],
    [
      'a header replaced by nothing',
      {
        match,
        route,
        response_headers_to_add: [{ header: { key: 'x', value: '' }, keep_empty_value: true }],
      },
    ],
    [
      'a value with a percent sign',
      { match, route, request_headers_to_add: [{ header: { key: 'x', value: '100%%' } }] },
    ],
  ])('may have %s', (_what, candidate) => {
    expect(validateRoute(candidate)).toEqual([]);
  });

  it.each<[string, Route, string]>([
    ['no path', { match: {}, route }, 'match: needs prefix, path or path_separated_prefix'],
    ['a query in its path', { match: { path: '/a?b' }, route }, 'match.path: is not a path without a query'],
    ['a relative path', { match: { path: 'a' }, route }, 'match.path: is not a path without a query'],
    [
      'a line break in its path',
      { match: { prefix: '/a\r\nb' }, route },
      'match.prefix: is not a path without a query',
    ],
    [
      'a slash after its separated prefix',
      { match: { path_separated_prefix: '/a/' }, route },
      'match.path_separated_prefix: is not a path without a query and without a slash at its end',
    ],
    [
      'a pattern that is none',
      { match: { safe_regex: { regex: '/a[' } }, route },
      'match.safe_regex.regex: is not a pattern as RE2 reads it: missing closing ]: `[`',
    ],
    [
      'a share of requests',
      { match: { ...match, runtime_fraction: { default_value: { numerator: 5 } } }, route },
      `match.runtime_fraction: ${NO}`,
    ],
    [
      'a header without a name',
      { match: { ...match, headers: [{ name: '' }] }, route },
      'match.headers[0].name: is not a header name: ""',
    ],
    [
      'an unknown pseudo header',
      { match: { ...match, headers: [{ name: ':status' }] }, route },
      'match.headers[0].name: is not a header name: ":status"',
    ],
    [
      'a matcher without a pattern',
      { match: { ...match, headers: [{ name: 'x', string_match: {} }] }, route },
      'match.headers[0].string_match: needs a pattern',
    ],
    [
      'a pattern that matches everything',
      { match: { ...match, headers: [{ name: 'x', string_match: { contains: '' } }] }, route },
      'match.headers[0].string_match.contains: is empty, which would match everything',
    ],
    [
      'an empty pattern on a header',
      { match: { ...match, headers: [{ name: 'x', string_match: { safe_regex: {} } }] }, route },
      'match.headers[0].string_match.safe_regex.regex: is empty, and would take no path and no value but the empty one',
    ],
    [
      'an empty range',
      { match: { ...match, headers: [{ name: 'x', range_match: { start: '5', end: '5' } }] }, route },
      'match.headers[0].range_match: is empty: from 5 up to and without 5',
    ],
    [
      'a range beyond 2^53',
      { match: { ...match, headers: [{ name: 'x', range_match: { end: '9223372036854775807' } }] }, route },
      'match.headers[0].range_match: is wider than 2^53',
    ],
    [
      'a parameter that must be missing',
      { match: { ...match, query_parameters: [{ name: 'a', present_match: false }] }, route },
      'match.query_parameters[0].present_match: must be true: that a parameter is missing cannot be asked for',
    ],
    ['no cluster', { match, route: {} }, 'route: needs cluster or weighted_clusters'],
    ['an empty cluster name', { match, route: { cluster: '' } }, 'route.cluster: is required'],
    [
      'no weighted cluster',
      { match, route: { weighted_clusters: {} } },
      'route.weighted_clusters.clusters: is required',
    ],
    [
      'weights beyond 2^32',
      {
        match,
        route: {
          weighted_clusters: {
            clusters: [
              { name: 'a', weight: { value: 2 ** 32 - 1 } },
              { name: 'b', weight: { value: 1 } },
            ],
          },
        },
      },
      'route.weighted_clusters.clusters: has weights of 4294967296 together, more than 2^32 - 1',
    ],
    [
      'changes on a share of what belongs to the connection',
      {
        match,
        route: {
          weighted_clusters: { clusters: [{ name: 'a', weight: { value: 1 }, request_headers_to_remove: ['te'] }] },
        },
      },
      'route.weighted_clusters.clusters[0].request_headers_to_remove[0]: names te, which no rule may change',
    ],
    [
      'a mirror to nowhere',
      { match, route: { ...route, request_mirror_policies: [{ cluster: '' }] } },
      'route.request_mirror_policies[0].cluster: is required',
    ],
    [
      'a mirror of more than all',
      {
        match,
        route: {
          ...route,
          request_mirror_policies: [{ cluster: 'a', runtime_fraction: { default_value: { numerator: 101 } } }],
        },
      },
      'route.request_mirror_policies[0].runtime_fraction.default_value.numerator: is more than 100',
    ],
    [
      'a negative timeout',
      { match, route: { ...route, timeout: { seconds: '-1' } } },
      'route.timeout: must be at least 0 ms, and is -1000 ms',
    ],
    [
      'a duration of two signs',
      { match, route: { ...route, idle_timeout: { seconds: '1', nanos: -1 } } },
      'route.idle_timeout: is not a duration: 1 s and -1 ns',
    ],
    [
      'a rewrite to a query',
      { match, route: { ...route, prefix_rewrite: '/a?b' } },
      'route.prefix_rewrite: is not a path without a query: "/a?b"',
    ],
    [
      'two rewrites',
      { match, route: { ...route, prefix_rewrite: '/a', path_rewrite: '/b' } },
      'route: has both prefix_rewrite and path_rewrite',
    ],
    [
      'a rewrite with a command',
      { match, route: { ...route, path_rewrite: '/%REQ(x):5%' } },
      'route.path_rewrite: holds a %COMMAND%, which is not supported by the sidecar, or a percent sign that is not written %%',
    ],
    [
      'a rewrite by pattern without one',
      { match, route: { ...route, regex_rewrite: {} } },
      'route.regex_rewrite.pattern.regex: is empty, and would take no path and no value but the empty one',
    ],
    [
      'a rewrite that refers to a group that is not there',
      { match, route: { ...route, regex_rewrite: { pattern: { regex: '/(a)' }, substitution: '/\\2' } } },
      'route.regex_rewrite.substitution: refers to group 2, and the pattern has 1',
    ],
    [
      'a rewrite of the prefix and by pattern',
      { match, route: { ...route, prefix_rewrite: '/a', regex_rewrite: { pattern: { regex: '/a' } } } },
      'route: has both prefix_rewrite and regex_rewrite',
    ],
    [
      'a host from what is no header',
      { match, route: { ...route, host_rewrite_header: ':path' } },
      'route.host_rewrite_header: is not a header name',
    ],
    [
      'a host that ends the header',
      { match, route: { ...route, host_rewrite_literal: 'a\r\nx: 1' } },
      'route.host_rewrite_literal: is not a host',
    ],
    [
      'a tunnel of its own',
      { match, route: { ...route, upgrade_configs: [{ upgrade_type: 'CONNECT' }] } },
      'route.upgrade_configs[0].upgrade_type: must be websocket, and is "CONNECT"',
    ],
    [
      'an offset of a deadline',
      { match, route: { ...route, max_stream_duration: { grpc_timeout_header_offset: { seconds: '1' } } } },
      'route.max_stream_duration.grpc_timeout_header_offset: is not supported by the sidecar',
    ],
    [
      'more than one request to begin with',
      { match, route: { ...route, hedge_policy: { initial_requests: { value: 2 } } } },
      'route.hedge_policy.initial_requests: must be between 1 and 1, and is 2',
    ],
    [
      'more of each body kept than a sidecar has room for',
      { match, route, request_body_buffer_limit: { value: '1048577' } },
      'request_body_buffer_limit: must be at most 1048576, and is 1048577',
    ],
    [
      'a retriable header of requests',
      { match, route: { ...route, retry_policy: { retriable_headers: [{ name: ':path', present_match: true }] } } },
      'route.retry_policy.retriable_headers[0].name: is no header of an answer: :path',
    ],
    [
      'a wait for no header',
      { match, route: { ...route, retry_policy: { rate_limited_retry_back_off: {} } } },
      'route.retry_policy.rate_limited_retry_back_off.reset_headers: is required',
    ],
    [
      'a wait for something that is no header',
      {
        match,
        route: { ...route, retry_policy: { rate_limited_retry_back_off: { reset_headers: [{ name: 'a b' }] } } },
      },
      'route.retry_policy.rate_limited_retry_back_off.reset_headers[0].name: is not a header name: "a b"',
    ],
    [
      'an unknown retry condition',
      { match, route: { ...route, retry_policy: { retry_on: '5xx,sometimes' } } },
      'route.retry_policy.retry_on: names sometimes; known are 5xx, gateway-error, reset, reset-before-request, connect-failure, refused-stream, retriable-4xx, retriable-status-codes, retriable-headers, envoy-ratelimited, cancelled, deadline-exceeded, internal, resource-exhausted, unavailable',
    ],
    [
      'endless retries',
      { match, route: { ...route, retry_policy: { num_retries: { value: 101 } } } },
      'route.retry_policy.num_retries: must be between 0 and 100, and is 101',
    ],
    [
      'a status that is none',
      { match, route: { ...route, retry_policy: { retriable_status_codes: [500, 99] } } },
      'route.retry_policy.retriable_status_codes[1]: is not an HTTP status: 99',
    ],
    [
      'a back-off without a base',
      { match, route: { ...route, retry_policy: { retry_back_off: { max_interval: { seconds: '1' } } } } },
      'route.retry_policy.retry_back_off.base_interval: is required',
    ],
    [
      'a back-off that shrinks',
      {
        match,
        route: {
          ...route,
          retry_policy: { retry_back_off: { base_interval: { seconds: '2' }, max_interval: { seconds: '1' } } },
        },
      },
      'route.retry_policy.retry_back_off.max_interval: is shorter than base_interval',
    ],
    [
      'a foreign host predicate',
      {
        match,
        route: {
          ...route,
          retry_policy: {
            retry_host_predicate: [{ name: 'x', typed_config: { type_url: 'type.googleapis.com/x.Y', value: '' } }],
          },
        },
      },
      'route.retry_policy.retry_host_predicate[0].typed_config: the type "type.googleapis.com/x.Y" is outside the subset',
    ],
    ['a redirect to no host', { match, redirect: { host_redirect: 'a/b' } }, 'redirect.host_redirect: is not a host'],
    [
      'a redirect to another scheme',
      { match, redirect: { scheme_redirect: 'ftp' } },
      'redirect.scheme_redirect: must be http or https, and is ftp',
    ],
    [
      'a redirect to no port',
      { match, redirect: { port_redirect: 65536 } },
      'redirect.port_redirect: is not a port: 65536',
    ],
    [
      'a redirect to no path',
      { match, redirect: { path_redirect: 'a' } },
      'redirect.path_redirect: is not a path without a query: "a"',
    ],
    [
      'an answer that is no answer',
      { match, direct_response: { status: 100 } },
      'direct_response.status: must be between 200 and 599, and is 100',
    ],
    [
      'an answer of many bytes',
      { match, direct_response: { status: 200, body: { inline_string: 'ä'.repeat(2049) } } },
      'direct_response.body: has 4098 bytes, more than 4096',
    ],
    ['the action of gRPC servers', { match, non_forwarding_action: {} }, ': needs route, redirect or direct_response'],
    [
      'a header that ends its line',
      { match, route, request_headers_to_add: [{ header: { key: 'x', value: 'a\r\nb: c' } }] },
      'request_headers_to_add[0].header.value: is not a header value: it holds control characters or others outside Latin-1, or is too long',
    ],
    [
      'a header with a NUL',
      { match, route, response_headers_to_add: [{ header: { key: 'x', value: 'a\0' } }] },
      'response_headers_to_add[0].header.value: is not a header value: it holds control characters or others outside Latin-1, or is too long',
    ],
    [
      'a percent sign that Envoy would take for the beginning of a command',
      { match, route, request_headers_to_add: [{ header: { key: 'x', value: '100%' } }] },
      'request_headers_to_add[0].header.value: holds a %COMMAND%, which is not supported by the sidecar, or a percent sign that is not written %%',
    ],
    [
      'a header with a command',
      { match, route, request_headers_to_add: [{ header: { key: 'x', value: 'at %START_TIME%' } }] },
      'request_headers_to_add[0].header.value: holds a %COMMAND%, which is not supported by the sidecar, or a percent sign that is not written %%',
    ],
    [
      'an empty header',
      { match, route, request_headers_to_add: [{ header: { key: 'x', value: '' } }] },
      'request_headers_to_add[0].header.value: is empty; keep_empty_value says that this is meant',
    ],
    [
      'no header to add',
      { match, route, request_headers_to_add: [{}] },
      'request_headers_to_add[0].header: is required',
    ],
    [
      'a header only if absent',
      { match, route, request_headers_to_add: [{ header: { key: 'x', value: '1' }, append_action: 'ADD_IF_ABSENT' }] },
      'request_headers_to_add[0].append_action: must be APPEND_IF_EXISTS_OR_ADD or OVERWRITE_IF_EXISTS_OR_ADD, and is ADD_IF_ABSENT',
    ],
    [
      'a changed message length',
      { match, route, request_headers_to_add: [{ header: { key: 'Content-Length', value: '1' } }] },
      'request_headers_to_add[0].header.key: names content-length, which no rule may change',
    ],
    [
      'a removed host',
      { match, route, request_headers_to_remove: ['Host'] },
      'request_headers_to_remove[0]: names host, which no rule may change',
    ],
    [
      'a header of the mesh',
      { match, route, response_headers_to_remove: ['X-Heddle-Peer'] },
      'response_headers_to_remove[0]: names x-heddle-peer, which no rule may change',
    ],
    [
      'why the mesh has answered, in requests',
      { match, route, request_headers_to_remove: ['x-heddle-reason'] },
      'request_headers_to_remove[0]: names x-heddle-reason, which no rule may change',
    ],
    [
      'a space in a header name',
      { match, route, request_headers_to_remove: ['a b'] },
      'request_headers_to_remove[0]: is not a header name: "a b"',
    ],
  ])('may not have %s', (_what, candidate, violation) => {
    expect(validateRoute(candidate)).toEqual([violation]);
  });

  it('may have longer answers where the configuration says so, up to a bound', () => {
    const answer = { match, direct_response: { status: 200, body: { inline_bytes: Buffer.alloc(5000) } } };
    const hosts = [{ name: 'a', domains: ['*'], routes: [answer] }];
    const limit = (value: number) => ({ max_direct_response_body_size_bytes: { value } });
    expect(validate({ name: 'a', virtual_hosts: hosts, ...limit(5000) })).toEqual([]);
    expect(validate({ name: 'a', virtual_hosts: hosts, ...limit(2 ** 21) })).toEqual([
      { path: 'max_direct_response_body_size_bytes', message: 'is more than 1048576' },
    ]);
  });
});
