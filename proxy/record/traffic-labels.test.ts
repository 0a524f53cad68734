import { describe, expect, it } from 'vitest';
import { callerLabels } from './traffic-labels.ts';

const cart = 'spiffe://cluster.local/ns/default/sa/cart';

describe('callerLabels', () => {
  it.each([
    ['another service', 'db-1;default;db;v1;heddle'],
    ['another namespace', 'cart-1;prod;cart;v1;heddle'],
    ['a workload that is no name', 'a\nb;default;cart;v1;heddle'],
    ['an endless version', `cart-1;default;cart;${'v'.repeat(300)};heddle`],
    ['nothing', ''],
  ])('takes only what the certificate says from a peer that claims %s', (_case, metadata) => {
    expect(callerLabels(cart, metadata)).toEqual({
      workload: '',
      namespace: 'default',
      service: 'cart',
      version: '',
      principal: cart,
    });
  });

  it('knows nothing of a peer without a certificate, whatever it says', () => {
    expect(callerLabels('', 'cart-1;default;cart;v1;heddle')).toMatchObject({ service: '', workload: '' });
  });
});
