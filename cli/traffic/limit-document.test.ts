import { describe, expect, it } from 'vitest';
import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import { checkDocument } from '../../control-plane/model/check-document.ts';
import type { LimitedBy, LimitRequest, RateRequest } from './limit-document.ts';
import { limitDocument, limitsInWords, readLimitedBy, readRate, withoutLimits } from './limit-document.ts';

const none: LimitRequest = { connections: null, requests: null, pending: null, ejectAfter: null, rate: null };

function policyOf(document: object): BackendTrafficPolicy {
  const { document: policy, faults } = checkDocument(document);
  expect(faults).toEqual([]);
  return policy as BackendTrafficPolicy;
}

describe('readRate', () => {
  it.each([
    ['100/s', { requests: 100, unit: 'Second' }],
    ['5/minute', { requests: 5, unit: 'Minute' }],
    ['1/h', { requests: 1, unit: 'Hour' }],
    ['0/s', null],
    ['100', null],
    ['100/w', null],
  ])('reads %s', (text, rate) => {
    expect(readRate(text)).toEqual(rate);
  });
});

describe('readLimitedBy', () => {
  it.each([
    ['identity', { kind: 'identity' }],
    ['header=x-user', { kind: 'header', name: 'x-user' }],
    ['header:x-user', { kind: 'header', name: 'x-user' }],
    ['header', null],
    ['header=', null],
    ['header=a b', null],
    ['address', null],
  ])('reads %s', (text, by) => {
    expect(readLimitedBy(text)).toEqual(by);
  });
});

const rate: RateRequest = { requests: 100, unit: 'Second', by: null, global: false };

describe('limitDocument', () => {
  it('says what was asked for, in a document without a fault', () => {
    const request = { connections: 20, requests: 50, pending: 0, ejectAfter: 5, rate };
    expect(policyOf(limitDocument('cart', 'shop', request, null))).toMatchObject({
      metadata: { name: 'cart', namespace: 'shop' },
      spec: {
        targetRefs: [{ name: 'cart' }],
        circuitBreaker: { maxConnections: 20, maxParallelRequests: 50, maxPendingRequests: 0 },
        healthCheck: { passive: { consecutive5XxErrors: 5 } },
        rateLimit: { local: { rules: [{ limit: { requests: 100, unit: 'Second' } }] } },
      },
    });
    expect(limitsInWords(request)).toBe(
      '20 connections from each caller, 50 requests at a time from each caller, 0 requests that wait, an instance is out after 5 failures in a row, 100 requests a second, counted in each instance',
    );
  });

  it('says that 0 failures leave nobody out', () => {
    const nothing = { connections: null, requests: null, pending: null, rate: null };
    expect(limitsInWords({ ...nothing, ejectAfter: 0 })).toBe('no instance is left out for failures in a row');
  });

  it.each<[Partial<RateRequest>, object, string]>([
    [
      { by: { kind: 'identity' } },
      { type: 'Local', local: { rules: [{ clientSelectors: [{ principal: { type: 'Distinct' } }] }] } },
      '100 requests a second for each caller, counted in each instance',
    ],
    [
      { by: { kind: 'header', name: 'x-user' }, global: true },
      { type: 'Global', global: { rules: [{ clientSelectors: [{ headers: [{ name: 'x-user' }] }] }] } },
      '100 requests a second for each value of x-user, counted in all instances together',
    ],
  ])('counts as it is asked to: %j', (asked, rateLimit, words) => {
    const request = { ...none, rate: { ...rate, ...asked } };
    expect(policyOf(limitDocument('cart', 'default', request, null)).spec).toMatchObject({ rateLimit });
    expect(limitsInWords(request)).toBe(words);
  });

  it('leaves all else as it was', () => {
    const before = policyOf({
      ...limitDocument('cart', 'default', { ...none, connections: 20, ejectAfter: 3 }, null),
    });
    const after = policyOf(limitDocument('cart', 'default', { ...none, pending: 7 }, before));
    expect(after.spec).toMatchObject({
      circuitBreaker: { maxConnections: 20, maxPendingRequests: 7 },
      healthCheck: { passive: { consecutive5XxErrors: 3 } },
    });
  });

  const rateOf = (requests: number, by: LimitedBy | null, global = false) =>
    ({ requests, unit: 'Second', by, global }) as const;

  it('takes the place of a rate that it has written, and of no others', () => {
    const policyWith = (rateLimit: object) => {
      const document = limitDocument('cart', 'default', { ...none, pending: 7 }, null) as { spec: object };
      return policyOf({ ...document, spec: { ...document.spec, rateLimit } });
    };
    const again = (rateLimit: object) => () =>
      limitDocument('cart', 'default', { ...none, rate: rateOf(9, null) }, policyWith(rateLimit));
    const limit = { requests: 5, unit: 'Minute' };
    for (const by of [null, { kind: 'identity' }, { kind: 'header', name: 'x-user' }] as const) {
      for (const global of [false, true]) {
        const own = policyOf(limitDocument('cart', 'default', { ...none, rate: rateOf(5, by, global) }, null));
        expect(again(own.spec.rateLimit ?? {})).not.toThrow();
      }
    }
    const rule = { limit, clientSelectors: [{ headers: [{ name: 'x-plan', value: 'free' }] }] };
    for (const rules of [[{ limit }, { limit }], [rule], [{ limit, clientSelectors: [{ path: { value: '/a' } }] }]]) {
      expect(again({ type: 'Local', local: { rules } })).toThrow(/has rates of its own/);
    }
    expect(again({ type: 'Global', global: { rules: [{ limit, shared: true }] } })).toThrow(/has rates of its own/);
    const tcp = { connectionRate: { num: 5, interval: '1s' } };
    expect(again({ type: 'Local', local: { tcp } })).toThrow(/has rates of its own/);
    const kept = limitDocument(
      'cart',
      'default',
      { ...none, pending: 8 },
      policyWith({ type: 'Local', local: { rules: [rule] } }),
    );
    expect(policyOf(kept).spec.rateLimit?.local?.rules).toMatchObject([rule]);
  });

  it('needs a limit, and a policy that is for the service alone', () => {
    expect(() => limitDocument('cart', 'default', none, null)).toThrow(/no limit is named/);
    for (const target of [
      { group: '', kind: 'Service', name: 'web' },
      { group: 'heddle.dev', kind: 'ExternalService', name: 'cart' },
    ]) {
      const shared = { spec: { targetRefs: [target] } } as unknown as BackendTrafficPolicy;
      expect(() => limitDocument('cart', 'default', { ...none, pending: 1 }, shared)).toThrow(/for more than cart/);
    }
  });
});

describe('withoutLimits', () => {
  const limited = { ...none, connections: 20, ejectAfter: 3, rate };

  it('is nothing where the policy says nothing else', () => {
    const policy = policyOf(limitDocument('cart', 'default', limited, null));
    expect(withoutLimits('cart', 'default', policy)).toBeNull();
  });

  it('leaves what no limit said, and labels', () => {
    const policy = policyOf(limitDocument('cart', 'default', limited, null));
    const more = policyOf({
      ...policy,
      metadata: { ...policy.metadata, labels: { team: 'a' }, annotations: { 'heddle.dev/source': 'cart.yaml:1' } },
      spec: {
        ...policy.spec,
        retry: { numRetries: 1 },
        circuitBreaker: { ...policy.spec.circuitBreaker, maxRequestsPerConnection: 9 },
        healthCheck: { passive: { ...policy.spec.healthCheck?.passive, interval: '1s' }, panicThreshold: 10 },
      },
    });
    const left = withoutLimits('cart', 'default', more) as BackendTrafficPolicy;
    expect(left.metadata).toEqual({ name: 'cart', namespace: 'default', labels: { team: 'a' } });
    expect(policyOf(left).spec).toEqual({
      targetRefs: policy.spec.targetRefs,
      retry: { numRetries: 1 },
      circuitBreaker: { maxRequestsPerConnection: 9 },
      healthCheck: { passive: { interval: '1s' }, panicThreshold: 10 },
    });
  });
});
