import { describe, expect, it } from 'vitest';
import { remedyFor } from './remedy.ts';

describe('remedyFor', () => {
  it.each(['cart', 'cart:8080', 'cart.shop', 'cart.shop.svc.cluster.local:80'])(
    'looks at the service of %s',
    (service) => {
      expect(remedyFor('noHealthyUpstream', service)).toBe('heddle stat cart   or   heddle proxies');
    },
  );

  it.each(['', 'api.example.com:80', '127.0.0.1:9001', '[::1]', 'a b', '$(reboot)'])(
    'says nothing of %j, which names no service',
    (service) => {
      expect(remedyFor('connectFailure', service)).toBe('');
    },
  );

  it.each([
    ['cart', 'heddle describe cart   for who says so'],
    ['cart:8080', 'heddle describe cart   for who says so'],
    ['cart.shop.svc.cluster.local:80', 'heddle describe cart -n shop   for who says so'],
    ['10.0.0.1:80', ''],
    ['api.example.com', 'heddle get externalservices -A   for its document, which heddle describe takes'],
    ['*.example.com:80', 'heddle get externalservices -A   for its document, which heddle describe takes'],
  ])('shows the documents of %s, where one of them has decided', (service, remedy) => {
    for (const failure of ['rateLimited', 'noCluster', 'rewriteFailed', 'faultAbort'] as const) {
      expect(remedyFor(failure, service)).toBe(remedy);
    }
  });

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
