import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { ADAPTIVE_CONCURRENCY_FILTER } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import { RequestHead } from '../message-head.ts';
import { decoded } from '../testing/decoded.ts';
import type { ConcurrencyMemory } from './compile-adaptive-concurrency.ts';
import { compileAdaptiveConcurrency } from './compile-adaptive-concurrency.ts';

type MinRtt = NonNullable<
  Input<'envoy.extensions.filters.http.adaptive_concurrency.v3.GradientControllerConfig'>['min_rtt_calc_params']
>;

function memory(limitShare = 1): ConcurrencyMemory {
  return {
    adaptive: { blocked: 0 },
    now: () => 0,
    random: () => 0,
    controllers: new Map(),
    activities: new Map(),
    limitShare,
  };
}

/** `minRtt`: how the first requests are measured, which is all that a controller without any answers goes by. */
function compile(minRtt: MinRtt | null, known: ConcurrencyMemory, cluster = 'inbound|8080||'): RequestFilter | null {
  const packed = pack('envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency', {
    gradient_controller_config: {
      concurrency_limit_params: { concurrency_update_interval: { nanos: 100_000_000 } },
      min_rtt_calc_params: { interval: { seconds: '60' }, ...minRtt },
    },
  });
  const config = minRtt === null ? {} : { [ADAPTIVE_CONCURRENCY_FILTER]: packed };
  const route = decoded('envoy.config.route.v3.Route', { route: { cluster }, typed_per_filter_config: config });
  return compileAdaptiveConcurrency(route, known);
}

/** Requests that are let through before one is answered. */
function room(filter: RequestFilter | null): number {
  let passed = 0;
  const request = { head: new RequestHead(), peer: { principal: '', address: '' } };
  while (passed < 100 && filter?.onRequest(request) === null) passed++;
  return passed;
}

describe('compileAdaptiveConcurrency', () => {
  it('is nothing where the route has none', () => {
    expect(compile(null, memory())).toBeNull();
  });

  it('measures with three requests at a time where nothing is said, or with as many as is said', () => {
    expect(room(compile({}, memory()))).toBe(3);
    expect(room(compile({ min_concurrency: { value: 8 } }, memory()))).toBe(8);
  });

  it('divides its limits among processes, so that each may take one at least', () => {
    expect(room(compile({ min_concurrency: { value: 8 } }, memory(4)))).toBe(2);
    expect(room(compile({}, memory(4)))).toBe(1);
  });

  it('goes on where it was when a route is compiled again, and begins anew for other numbers or another service', () => {
    const known = memory();
    expect(room(compile({}, known))).toBe(3);
    expect(room(compile({}, known))).toBe(0);
    expect(room(compile({ request_count: { value: 9 } }, known))).toBe(3);
    expect(room(compile({}, known, 'inbound|9090||'))).toBe(3);
    // of each filter, the request that found no room
    expect(known.adaptive.blocked).toBe(4);
  });
});
