import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { ADMISSION_CONTROL_FILTER } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import type { EndedRequest, RequestFilter } from '../filter/request-filter.ts';
import { RequestHead } from '../message-head.ts';
import { decoded } from '../testing/decoded.ts';
import type { AdmissionMemory } from './compile-admission-control.ts';
import { compileAdmissionControl } from './compile-admission-control.ts';

type Admission = Input<'envoy.extensions.filters.http.admission_control.v3.AdmissionControl'>;

const head = new RequestHead();
const request = { head, peer: { principal: '', address: '' } };

function scene(limitShare = 1) {
  const clock = { nowMs: 0 };
  const draw = { value: 0 };
  const known: AdmissionMemory = {
    admission: { rejected: 0 },
    now: () => clock.nowMs,
    random: () => draw.value,
    windows: new Map(),
    activities: new Map(),
    limitShare,
  };
  const compile = (admission: Admission | null, name = 'r'): RequestFilter | null => {
    const packed = pack('envoy.extensions.filters.http.admission_control.v3.AdmissionControl', admission ?? {});
    const config = admission === null ? {} : { [ADMISSION_CONTROL_FILTER]: packed };
    return compileAdmissionControl(
      decoded('envoy.config.route.v3.Route', { name, route: { cluster: 'c' }, typed_per_filter_config: config }),
      known,
    );
  };
  /** Whether a request is refused, when the share of those that are is above `above`. */
  const refuses = (filter: RequestFilter | null, above = 0) => {
    draw.value = above;
    return filter?.onRequest(request) !== null;
  };
  return { clock, compile, refuses };
}

/** So many requests have failed, of so many. */
function ended(filter: RequestFilter | null, failed: number, total = failed): void {
  const at = { grpcStatus: -1, startedAtMs: 0, passedAtMs: 0, respondedAtMs: 1, endedAtMs: 1 };
  for (let i = 0; i < total; i++) {
    const one: EndedRequest = { head, status: i < failed ? 503 : 200, ...at };
    filter?.onEnd?.(one);
  }
}

describe('compileAdmissionControl', () => {
  it('is nothing where the route has none', () => {
    expect(scene().compile(null)).toBeNull();
  });

  it("takes Envoy's defaults: 95 % of 30 seconds' requests have to succeed, and at most 80 % are refused", () => {
    const { clock, compile, refuses } = scene();
    const filter = compile({});
    ended(filter, 5, 100);
    expect(refuses(filter)).toBe(false);
    ended(filter, 1000);
    expect([refuses(filter, 0.79), refuses(filter, 0.81)]).toEqual([true, false]);
    clock.nowMs = 29_000;
    expect(refuses(filter)).toBe(true);
    clock.nowMs = 30_000;
    expect(refuses(filter)).toBe(false);
  });

  it('reads every number', () => {
    const { clock, compile, refuses } = scene();
    const filter = compile({
      sampling_window: { seconds: '9', nanos: 1 },
      aggression: { default_value: 2 },
      sr_threshold: { default_value: { value: 50 } },
      rps_threshold: { default_value: 10 },
      max_rejection_probability: { default_value: { value: 60 } },
    });
    ended(filter, 99);
    expect(refuses(filter)).toBe(false);
    ended(filter, 0, 100);
    expect(refuses(filter)).toBe(false);
    ended(filter, 21);
    // (220 - 200) / 221, of which the root is 0.30
    expect([refuses(filter, 0.29), refuses(filter, 0.31)]).toEqual([true, false]);
    ended(filter, 9999);
    expect([refuses(filter, 0.59), refuses(filter, 0.61)]).toEqual([true, false]);
    clock.nowMs = 9_999;
    expect(refuses(filter)).toBe(true);
    clock.nowMs = 10_000;
    expect(refuses(filter)).toBe(false);
  });

  it('divides the requests of a second among processes', () => {
    const admission = { rps_threshold: { default_value: 4 } };
    const [one, of4] = [scene(1), scene(4)];
    const [alone, shared] = [one.compile(admission), of4.compile(admission)];
    ended(alone, 60);
    ended(shared, 60);
    expect([one.refuses(alone), of4.refuses(shared)]).toEqual([false, true]);
  });

  it('goes on where it was when a route is compiled again, and begins anew for another route', () => {
    const { compile, refuses } = scene();
    const before = compile({});
    ended(before, 100);
    expect([refuses(compile({})), refuses(compile({}, 'other'))]).toEqual([true, false]);
  });
});
