import { describe, expect, it } from 'vitest';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { goodClusterLoadAssignment } from '../testing/resources.ts';
import { validateClusterLoadAssignment } from './cluster-load-assignment.ts';

type Assignment = Input<'envoy.config.endpoint.v3.ClusterLoadAssignment'>;
type Endpoint = Input<'envoy.config.endpoint.v3.LbEndpoint'>;

function validate(assignment: Assignment): string[] {
  const type = messageType('envoy.config.endpoint.v3.ClusterLoadAssignment');
  return validateClusterLoadAssignment(type.decode(type.encode(assignment))).map(
    ({ path, message }) => `${path}: ${message}`,
  );
}

const one = (endpoint: Endpoint): Assignment => ({ cluster_name: 'a', endpoints: [{ lb_endpoints: [endpoint] }] });
const at = (address: string, port_value: number): Endpoint => ({
  endpoint: { address: { socket_address: { address, port_value } } },
});
const socketAt = 'endpoints[0].lb_endpoints[0].endpoint.address.socket_address';

describe('validateClusterLoadAssignment', () => {
  it.each<[string, Assignment]>([
    ['what the control plane makes', goodClusterLoadAssignment()],
    ['no endpoints', { cluster_name: 'a' }],
    ['an IPv6 address', one(at('fd00::7', 1))],
    [
      'one locality as first and as second choice',
      { cluster_name: 'a', endpoints: [{ locality: { zone: 'a' } }, { locality: { zone: 'a' }, priority: 1 }] },
    ],
    ['two localities', { cluster_name: 'a', endpoints: [{ locality: { zone: 'a' } }, { locality: { zone: 'b' } }] }],
  ])('accepts %s', (_what, assignment) => {
    expect(validate(assignment)).toEqual([]);
  });

  it('counts the endpoints of all localities together, and looks at none of too many', () => {
    const half = Array<Endpoint>(10_001).fill({});
    const endpoints = [{ lb_endpoints: half }, { locality: { zone: 'b' }, lb_endpoints: half }];
    expect(validate({ cluster_name: 'a', endpoints })).toEqual(['endpoints: are 20002, more than 20000']);
  });

  it.each<[string, Assignment, string]>([
    ['no name', {}, 'cluster_name: is required'],
    ['no endpoint', one({}), 'endpoints[0].lb_endpoints[0].endpoint: is required'],
    ['no address', one({ endpoint: {} }), `${socketAt}: is required`],
    ['a host name', one(at('cart', 80)), `${socketAt}.address: is not an IP address: "cart"`],
    ['port 0', one(at('10.0.0.1', 0)), `${socketAt}.port_value: must be between 1 and 65535, and is 0`],
    ['port 65536', one(at('10.0.0.1', 65536)), `${socketAt}.port_value: must be between 1 and 65535, and is 65536`],
    [
      'UDP',
      one({ endpoint: { address: { socket_address: { protocol: 'UDP', address: '::1', port_value: 1 } } } }),
      `${socketAt}.protocol: must be TCP, and is UDP`,
    ],
    [
      'a host name that ends a line',
      one({ endpoint: { ...at('::1', 1).endpoint, hostname: 'a\r\nb' } }),
      'endpoints[0].lb_endpoints[0].endpoint.hostname: holds control characters or others outside Latin-1',
    ],
    [
      'an endpoint without weight',
      one({ ...at('::1', 1), load_balancing_weight: { value: 0 } }),
      'endpoints[0].lb_endpoints[0].load_balancing_weight: must be between 1 and 4294967295, and is 0',
    ],
    [
      'weights beyond 2^32',
      {
        cluster_name: 'a',
        endpoints: [
          { lb_endpoints: [{ ...at('::1', 1), load_balancing_weight: { value: 2 ** 32 - 1 } }, at('::1', 2)] },
        ],
      },
      'endpoints[0].lb_endpoints: has weights of 4294967296 together, more than 2^32 - 1',
    ],
    [
      'a second choice without a first',
      { cluster_name: 'a', endpoints: [{ priority: 1 }] },
      'endpoints[0].priority: is 1, and nothing has 0',
    ],
    [
      'one locality twice',
      { cluster_name: 'a', endpoints: [{ locality: { zone: 'a' } }, { locality: { zone: 'a' } }] },
      'endpoints[1].locality: is the same as endpoints[0].locality',
    ],
    [
      'a factor below 100 %',
      { cluster_name: 'a', policy: { overprovisioning_factor: { value: 99 } } },
      'policy.overprovisioning_factor: must be between 100 and 4294967295, and is 99',
    ],
  ])('refuses %s', (_what, assignment, violation) => {
    expect(validate(assignment)).toEqual([violation]);
  });
});
