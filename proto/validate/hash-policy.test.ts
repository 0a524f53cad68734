import { describe, expect, it } from 'vitest';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { validateRouteConfiguration } from './route-configuration.ts';

type RouteAction = Input<'envoy.config.route.v3.RouteAction'>;

function validate(hash_policy: NonNullable<RouteAction['hash_policy']>): string[] {
  const type = messageType('envoy.config.route.v3.RouteConfiguration');
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'a', hash_policy } }];
  const configuration = { name: 'a', virtual_hosts: [{ name: 'a', domains: ['*'], routes }] };
  return validateRouteConfiguration(type.decode(type.encode(configuration))).map(({ path, message }) =>
    `${path}: ${message}`.replace('virtual_hosts[0].routes[0].route.', ''),
  );
}

describe('checkHashPolicies', () => {
  it('accepts each of the four, and a path that counts as a header', () => {
    expect(
      validate([
        { header: { header_name: 'x-user' }, terminal: true },
        { header: { header_name: ':path' } },
        { cookie: { name: 'user', ttl: { seconds: '3600' }, path: '/', attributes: [{ name: 'Secure', value: '' }] } },
        { connection_properties: { source_ip: true } },
        { query_parameter: { name: 'user' } },
      ]),
    ).toEqual([]);
  });

  it.each<[string, NonNullable<RouteAction['hash_policy']>[number], string]>([
    ['nothing', {}, 'hash_policy[0]: needs header, cookie, connection_properties or query_parameter'],
    ['no header', { header: { header_name: 'a b' } }, 'hash_policy[0].header.header_name: is not a header name: "a b"'],
    [
      'a cookie that ends a line',
      { cookie: { name: 'a\r\n' } },
      'hash_policy[0].cookie.name: is not the name of a cookie: "a\\r\\n"',
    ],
    [
      'a path with an attribute in it',
      { cookie: { name: 'a', path: '/; Domain=x' } },
      'hash_policy[0].cookie.path: holds what a cookie cannot hold',
    ],
    [
      'an attribute that ends a line',
      { cookie: { name: 'a', attributes: [{ name: 'a', value: '\r\n' }] } },
      'hash_policy[0].cookie.attributes[0]: is not an attribute of a cookie',
    ],
    [
      'no address',
      { connection_properties: {} },
      'hash_policy[0].connection_properties.source_ip: must be true: there is nothing else',
    ],
    ['no parameter', { query_parameter: {} }, 'hash_policy[0].query_parameter.name: is required'],
  ])('refuses %s', (_what, policy, violation) => {
    expect(validate([policy])).toEqual([violation]);
  });
});
