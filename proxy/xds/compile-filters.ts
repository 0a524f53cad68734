import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import type { FaultEnvironment } from '../filter/fault-filter.ts';
import { noFaults } from '../filter/fault-filter.ts';
import { OverLimitMemory } from '../filter/over-limit-memory.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import { noBandwidth } from '../filter/shared-bandwidth.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import type { ActivityMemory } from './compile-activity.ts';
import type { ConcurrencyMemory } from './compile-adaptive-concurrency.ts';
import { compileAdaptiveConcurrency } from './compile-adaptive-concurrency.ts';
import type { AdmissionMemory } from './compile-admission-control.ts';
import { compileAdmissionControl } from './compile-admission-control.ts';
import type { BandwidthMemory } from './compile-bandwidth-limit.ts';
import { compileBandwidthLimit } from './compile-bandwidth-limit.ts';
import type { BodyLimitMemory } from './compile-body-limit.ts';
import { compileBodyLimit } from './compile-body-limit.ts';
import { compileCors } from './compile-cors.ts';
import { compileFault } from './compile-fault.ts';
import type { GlobalRateLimits } from './compile-global-rate-limit.ts';
import { compileGlobalRateLimit } from './compile-global-rate-limit.ts';
import type { RateLimitMemory } from './compile-rate-limit.ts';
import { compileRateLimit } from './compile-rate-limit.ts';

/** What filters need of the sidecar around them. */
export type FilterEnvironment = FaultEnvironment &
  RateLimitMemory &
  GlobalRateLimits &
  BandwidthMemory &
  ConcurrencyMemory &
  AdmissionMemory &
  ActivityMemory &
  BodyLimitMemory;

/** For routes that are compiled only to see that they can be, or what they lead to. */
export const withoutRequests: FilterEnvironment = {
  wheel: new TimerWheel(),
  faults: noFaults(),
  random: () => 0,
  wallClockMs: () => 0,
  rateLimits: { ok: 0, rateLimited: 0 },
  buckets: new Map(),
  limitShare: 1,
  now: () => 0,
  bodyLimits: { tooLarge: 0 },
  bandwidth: { request: noBandwidth(), response: noBandwidth() },
  bandwidths: new Map(),
  globalRateLimits: { ok: 0, overLimit: 0, error: 0, failureModeAllowed: 0 },
  overLimit: new OverLimitMemory(),
  rateLimitService: null,
  adaptive: { blocked: 0 },
  controllers: new Map(),
  admission: { rejected: 0 },
  windows: new Map(),
  activities: new Map(),
};

/**
 * The filters of a validated route in the order in which they are asked, Envoy's: other origins first, so that a browser may
 * see what the others answer, then faults, then limits: of rates, of bodies and of bandwidth. What spares a service in trouble
 * comes last, because it looks at what becomes of what the others let go on. Null for none.
 *
 * `translate/filters/stock-filters.ts` of the control plane has the same order for an Envoy.
 */
export function compileFilters(route: Route__Output, environment: FilterEnvironment): readonly RequestFilter[] | null {
  const filters = [
    compileCors(route),
    compileFault(route, environment),
    compileRateLimit(route, environment),
    compileGlobalRateLimit(route, environment),
    compileBodyLimit(route, environment),
    ...compileBandwidthLimit(route, environment),
    compileAdmissionControl(route, environment),
    compileAdaptiveConcurrency(route, environment),
  ].filter((filter) => filter !== null);
  return filters.length === 0 ? null : filters;
}
