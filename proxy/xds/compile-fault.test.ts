import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { FAULT_FILTER } from '../../proto/extension-names.ts';
import { formatFaultMetadata } from '../../proto/fault-metadata.ts';
import type { Input } from '../../proto/load.ts';
import type { FilterVerdict } from '../filter/request-filter.ts';
import { RequestHead } from '../message-head.ts';
import { decoded } from '../testing/decoded.ts';
import { compileFault } from './compile-fault.ts';
import { withoutRequests } from './compile-filters.ts';

type Fault = Input<'envoy.extensions.filters.http.fault.v3.HTTPFault'>;

const all = { numerator: 100, denominator: 'HUNDRED' as const };

/** What becomes of one request after the other. */
function asking(fault: Fault, limitShare = 1): () => FilterVerdict | undefined {
  const route = decoded('envoy.config.route.v3.Route', {
    name: 'cart',
    metadata: {
      filter_metadata: formatFaultMetadata({ document: 'FaultInjection/default/f', file: '', line: 0, untilMs: 1000 }),
    },
    typed_per_filter_config: { [FAULT_FILTER]: pack('envoy.extensions.filters.http.fault.v3.HTTPFault', fault) },
  });
  const filter = compileFault(route, { ...withoutRequests, limitShare });
  return () => filter?.onRequest({ head: new RequestHead(), peer: { principal: '', address: '' } });
}

describe('compileFault', () => {
  it('has KiB a second', () => {
    const ask = asking({ response_rate_limit: { fixed_limit: { limit_kbps: 20 }, percentage: all } });
    const verdict = ask();
    // what 50 ms bring
    expect(verdict?.kind === 'pace' && verdict.response?.bandwidth.take(9999)).toBe(1024);
  });

  it.each([
    [1, 4],
    [2, 2],
    [3, 2],
    [64, 1],
  ])('divides faults at one time among %i processes, %i each', (processes, each) => {
    const slow = { fixed_limit: { limit_kbps: 1 }, percentage: all };
    const ask = asking({ response_rate_limit: slow, max_active_faults: { value: 4 } }, processes);
    expect(Array.from({ length: 5 }, ask).filter((verdict) => verdict?.kind === 'pace')).toHaveLength(each);
  });

  it('has no bound where none is said, and no fault at a bound of none', () => {
    const slow = { fixed_limit: { limit_kbps: 1 }, percentage: all };
    expect(Array.from({ length: 5000 }, asking({ response_rate_limit: slow })).every(Boolean)).toBe(true);
    expect(asking({ response_rate_limit: slow, max_active_faults: { value: 0 } })()).toBeNull();
  });
});
