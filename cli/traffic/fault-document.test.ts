import { describe, expect, it } from 'vitest';
import { checkDocument } from '../../control-plane/model/check-document.ts';
import type { FaultInjection } from '../../control-plane/model/fault-injection.ts';
import type { FaultRequest } from './fault-document.ts';
import { faultDocument, faultInWords, refuseOtherTargets } from './fault-document.ts';

const request: FaultRequest = {
  service: 'cart',
  namespace: 'shop',
  abort: null,
  grpcStatus: null,
  delayMs: null,
  throughputKib: null,
  percent: 30,
  headers: [],
  forMs: 120_000,
};

describe('faultDocument', () => {
  it.each<[Partial<FaultRequest>, object, string]>([
    [{ abort: 503 }, { abort: { httpStatus: 503, percentage: 30 } }, '30 % of requests to cart answer 503'],
    [
      { grpcStatus: 14 },
      { abort: { grpcStatus: 14, percentage: 30 } },
      '30 % of requests to cart answer gRPC status 14',
    ],
    [{ delayMs: 2000, percent: 100 }, { delay: { fixedDelay: '2s' } }, '100 % of requests to cart wait 2s'],
    [
      { delayMs: 1500.4, abort: 500, percent: 0.5 },
      { delay: { fixedDelay: '1s500ms', percentage: 0.5 }, abort: { httpStatus: 500, percentage: 0.5 } },
      '0.5 % of requests to cart wait 1s500ms and answer 500',
    ],
    [
      { abort: 503, headers: [{ name: 'x-user', value: 'jason' }] },
      { abort: { httpStatus: 503, percentage: 30 }, headers: [{ name: 'x-user', value: 'jason' }] },
      '30 % of requests to cart with x-user: jason answer 503',
    ],
    [
      { throughputKib: 10 },
      { responseRateLimit: { fixedLimit: { value: '10Ki', unit: 'Second' }, percentage: 30 } },
      '30 % of requests to cart get their answer at 10KiB a second',
    ],
    [
      { throughputKib: 2048, delayMs: 1000, percent: 100 },
      { delay: { fixedDelay: '1s' }, responseRateLimit: { fixedLimit: { value: '2Mi', unit: 'Second' } } },
      '100 % of requests to cart wait 1s and get their answer at 2MiB a second',
    ],
    [{ delayMs: 0.2 }, { delay: { fixedDelay: '1ms', percentage: 30 } }, '30 % of requests to cart wait 1ms'],
    [
      { delayMs: 86_400_000 },
      { delay: { fixedDelay: '1440m', percentage: 30 } },
      '30 % of requests to cart wait 1440m',
    ],
  ])('of %j is a document without a fault', (asked, spec, words) => {
    const document = faultDocument({ ...request, ...asked }, Date.UTC(2026, 10, 21, 12, 0, 0, 1));
    expect(document).toMatchObject({
      metadata: { name: 'cart', namespace: 'shop' },
      spec: { targetRefs: [{ kind: 'Service', name: 'cart' }], until: '2026-11-21T12:02:01Z', ...spec },
    });
    expect(checkDocument(document).faults).toEqual([]);
    expect(faultInWords({ ...request, ...asked })).toBe(words);
  });

  it('needs a fault, and one answer at most', () => {
    expect(() => faultDocument(request, 0)).toThrow(/none of --abort, --grpc-status, --delay and --throughput/);
    expect(() => faultDocument({ ...request, abort: 503, grpcStatus: 1 }, 0)).toThrow(/two answers to one request/);
  });
});

describe('refuseOtherTargets', () => {
  const own = { group: '', kind: 'Service', name: 'cart' };
  const faultOf = (...targetRefs: readonly object[]) => {
    const document = faultDocument({ ...request, abort: 503 }, 0) as { spec: object };
    return checkDocument({ ...document, spec: { ...document.spec, targetRefs } }).document as FaultInjection;
  };

  it('takes a fault of the service alone', () => {
    expect(() => refuseOtherTargets('cart', null)).not.toThrow();
    expect(() => refuseOtherTargets('cart', faultOf(own))).not.toThrow();
  });

  it.each([
    { ...own, name: 'web' },
    { ...own, sectionName: 'http' },
    { group: 'heddle.dev', kind: 'ExternalService', name: 'cart' },
  ])('keeps one that is also for %j', (other) => {
    expect(() => refuseOtherTargets('cart', faultOf(own, other))).toThrow(/is for more than cart/);
  });
});
