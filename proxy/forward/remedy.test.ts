import { describe, expect, it } from 'vitest';
import { remedyFor } from './remedy.ts';

describe('remedyFor', () => {
  it.each(['cart', 'cart:8080', 'cart.shop', 'cart.shop.svc.cluster.local:80'])(
    'looks at the service of %s',
    (service) => {
      expect(remedyFor('noHealthyUpstream', service)).toBe('heddle stat cart   or   heddle proxies');
    },
  );

  it.each(['', '127.0.0.1:9001', '[::1]', 'a b', '$(reboot)'])(
    'says nothing of %j, which names no service',
    (service) => {
      expect(remedyFor('connectFailure', service)).toBe('');
    },
  );

  it('does not send anybody to a service that the mesh does not have', () => {
    for (const failure of ['nameResolution', 'unknownHost'] as const) {
      expect(remedyFor(failure, 'crat')).toBe('heddle stat   for the services of the mesh');
    }
  });

  it('says where the ports of a service are listed, and what to call instead of an address', () => {
    expect(remedyFor('unknownPort', 'web:1234')).toContain('heddle get workloads');
    expect(remedyFor('forbiddenDestination', '127.0.0.1:8080')).toContain('name of its service');
  });
});
