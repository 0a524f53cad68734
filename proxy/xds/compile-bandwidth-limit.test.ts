import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { BANDWIDTH_LIMIT_REQUEST_FILTER, BANDWIDTH_LIMIT_RESPONSE_FILTER } from '../../proto/extension-names.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import type { Input } from '../../proto/load.ts';
import type { FilterPace } from '../filter/request-filter.ts';
import { noBandwidth } from '../filter/shared-bandwidth.ts';
import { RequestHead } from '../message-head.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { decoded } from '../testing/decoded.ts';
import type { BandwidthMemory } from './compile-bandwidth-limit.ts';
import { compileBandwidthLimit } from './compile-bandwidth-limit.ts';

type Limit = Input<'envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit'>;

function memory(limitShare = 1): BandwidthMemory {
  return {
    wheel: new TimerWheel(() => 0),
    now: () => 0,
    limitShare,
    bandwidth: { request: noBandwidth(), response: noBandwidth() },
    bandwidths: new Map(),
  };
}

function route(limits: Readonly<Record<string, Limit>>): Route__Output {
  const packed = Object.entries(limits).map(([name, limit]) => [
    name,
    pack('envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit', limit),
  ]);
  return decoded('envoy.config.route.v3.Route', {
    route: { cluster: 'inbound|8080||' },
    typed_per_filter_config: Object.fromEntries(packed),
  });
}

function paceOf(from: Route__Output, known: BandwidthMemory): FilterPace {
  const verdict = compileBandwidthLimit(from, known)
    .at(-1)
    ?.onRequest({ head: new RequestHead(), peer: { principal: '', address: '' } });
  if (verdict?.kind !== 'pace') throw new Error('no pace');
  return verdict;
}

const request = { [BANDWIDTH_LIMIT_REQUEST_FILTER]: { enable_mode: 'REQUEST', limit_kbps: { value: 1 } } } as const;
const response = { [BANDWIDTH_LIMIT_RESPONSE_FILTER]: { enable_mode: 'RESPONSE', limit_kbps: { value: 2 } } } as const;

describe('compileBandwidthLimit', () => {
  it('is nothing where the route has none', () => {
    expect(compileBandwidthLimit(route({}), memory())).toEqual([]);
  });

  it('has KiB a second for each direction, a bucket of its own for each', () => {
    const { request: one, response: other, trailerPrefix } = paceOf(route({ ...request, ...response }), memory());
    expect([one?.bandwidth.take(9999), other?.bandwidth.take(9999), trailerPrefix]).toEqual([1024, 2048, null]);
  });

  it('looks at heads only where requests are limited', () => {
    expect(compileBandwidthLimit(route(response), memory())).toHaveLength(1);
    expect(compileBandwidthLimit(route(request), memory())).toHaveLength(2);
  });

  it('divides a limit among processes', () => {
    expect(paceOf(route(request), memory(4)).request?.bandwidth.take(9999)).toBe(256);
  });

  it('goes on with the bucket of the same limit before', () => {
    const known = memory();
    const before = paceOf(route(request), known).request;
    before?.bandwidth.take(1000);
    expect(paceOf(route({ ...request, ...response }), known).request?.bandwidth).toBe(before?.bandwidth);
    const changed = { [BANDWIDTH_LIMIT_REQUEST_FILTER]: { enable_mode: 'REQUEST', limit_kbps: { value: 3 } } } as const;
    expect(paceOf(route(changed), known).request?.bandwidth.take(9999)).toBe(3072);
  });

  it('has trailers in lower case, as HTTP/2 wants their names', () => {
    const [limit] = Object.values(response);
    const told = { ...limit, enable_response_trailers: true, response_trailer_prefix: 'X-Cart' };
    expect(paceOf(route({ [BANDWIDTH_LIMIT_RESPONSE_FILTER]: told }), memory()).trailerPrefix).toBe('x-cart');
  });
});
