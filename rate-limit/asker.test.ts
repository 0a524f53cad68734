import { describe, expect, it } from 'vitest';
import { askerOf, namespaceOfService } from './asker.ts';

const cart = 'spiffe://cluster.local/ns/shop/sa/cart';

describe('askerOf', () => {
  it.each([
    ['', '', ''],
    [`By=spiffe://cluster.local/ns/default/sa/ratelimit;Hash=ab;URI=${cart}`, cart, 'shop'],
    // what a caller said stands before what was proven
    [`By=x;Hash=ab;URI=spiffe://cluster.local/ns/other/sa/a, By=y;Hash=cd;URI=${cart}`, cart, 'shop'],
    [`URI=${cart};Hash=ab`, '', ''],
    [`By=x;URI=spiffe://cluster.local/somebody`, 'spiffe://cluster.local/somebody', ''],
  ])('reads %j', (header, id, namespace) => {
    expect(askerOf(header)).toEqual({ id, namespace });
  });
});

describe('namespaceOfService', () => {
  it.each([
    ['cart.shop.svc.cluster.local:80', 'shop'],
    ['cart', ''],
    ['', ''],
  ])('of %j is %j', (address, namespace) => {
    expect(namespaceOfService(address)).toBe(namespace);
  });
});
