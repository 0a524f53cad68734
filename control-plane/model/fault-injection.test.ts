import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';

const fault = (spec: object) => ({
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'FaultInjection',
  metadata: { name: 'cart' },
  spec: {
    targetRefs: [{ group: '', kind: 'Service', name: 'cart' }],
    until: '2026-11-21T12:00:00Z',
    abort: { httpStatus: 503 },
    ...spec,
  },
});

function faultsOf(value: unknown): string[] {
  return checkDocument(value).faults.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

describe('faultInjectionSchema', () => {
  it('tells a Service from an ExternalService of the same name', () => {
    const outside = { group: 'heddle.dev', kind: 'ExternalService', name: 'cart' };
    expect(faultsOf(fault({ targetRefs: [{ group: '', kind: 'Service', name: 'cart' }, outside] }))).toEqual([]);
    expect(faultsOf(fault({ targetRefs: [outside, outside] }))).toHaveLength(1);
  });

  it.each([
    ['no target', { targetRefs: [] }, 'spec.targetRefs: a FaultInjection has at least one target'],
    [
      'a target twice',
      { targetRefs: [1, 2].map(() => ({ group: '', kind: 'Service', name: 'cart' })) },
      'spec.targetRefs[1]: the same target is named twice',
    ],
    ['no end', { until: undefined }, 'spec.until: missing field until'],
    [
      'an end without a zone',
      { until: '2026-11-21T12:00:00' },
      'spec.until: write a time with its zone, such as 2027-01-31T12:00:00Z',
    ],
    ['no fault at all', { abort: undefined }, 'spec: write delay, abort or responseRateLimit'],
    ['a delay of nothing', { delay: { fixedDelay: '0s' } }, 'spec.delay.fixedDelay: write a duration longer than 0'],
    ['a delay without a time', { delay: {} }, 'spec.delay: write fixedDelay or fromHeader'],
    ['two times', { delay: { fixedDelay: '1s', fromHeader: true } }, 'spec.delay: write fixedDelay or fromHeader'],
    [
      '101 percent',
      { delay: { fixedDelay: '1s', percentage: 101 } },
      'spec.delay.percentage: write a percentage from 0 to 100',
    ],
    [
      'a slow answer without a rate',
      { responseRateLimit: {} },
      'spec.responseRateLimit: write fixedLimit or fromHeader',
    ],
    [
      'two rates',
      { responseRateLimit: { fixedLimit: { value: '1Ki', unit: 'Second' }, fromHeader: true } },
      'spec.responseRateLimit: write fixedLimit or fromHeader',
    ],
    [
      'a rate of nothing',
      { responseRateLimit: { fixedLimit: { value: '1Ki', unit: 'Minute' } } },
      'spec.responseRateLimit.fixedLimit.value: write a number of bytes of which each second has at least 1Ki, such as 10Mi or 500Ki',
    ],
    [
      "Kuma's name for it",
      { responseBandwidth: { limit: '1Mbps', percentage: 50 } },
      'spec.responseBandwidth: responseBandwidth is no part of this document: write responseRateLimit',
    ],
    [
      'two statuses',
      { abort: { httpStatus: 503, grpcStatus: 14 } },
      'spec.abort: write one of httpStatus, grpcStatus and fromHeader',
    ],
    ['status 199', { abort: { httpStatus: 199 } }, 'spec.abort.httpStatus: write a status from 200 to 599'],
    ['gRPC status 17', { abort: { grpcStatus: 17 } }, 'spec.abort.grpcStatus: write a gRPC status from 0 to 16'],
    [
      'a misspelt field',
      { abort: { httpstatus: 503 } },
      'spec.abort.httpstatus: unknown field httpstatus; did you mean httpStatus?',
    ],
  ])('refuses %s', (_name, spec, message) => {
    expect(faultsOf(fault(spec))).toContain(message);
  });

  it('takes a slow answer alone', () => {
    const responseRateLimit = { fixedLimit: { value: '10Ki', unit: 'Second' } };
    const { document, faults } = checkDocument(fault({ abort: undefined, responseRateLimit }));
    expect([faults, document?.spec]).toMatchObject([[], { responseRateLimit: { percentage: 100 } }]);
    expect(faultsOf(fault({ responseRateLimit: { fromHeader: true, percentage: 0.5 } }))).toEqual([]);
  });

  it('takes all the rest of the requests, and 1024 at a time, where nobody says less', () => {
    const { document } = checkDocument(fault({ delay: { fixedDelay: '1s' } }));
    expect(document?.spec).toMatchObject({
      delay: { percentage: 100 },
      abort: { percentage: 100 },
      headers: [],
      maxActiveFaults: 1024,
    });
  });
});
