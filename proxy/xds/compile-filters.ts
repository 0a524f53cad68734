import {
  ADAPTIVE_CONCURRENCY_FILTER,
  ADMISSION_CONTROL_FILTER,
  BANDWIDTH_LIMIT_REQUEST_FILTER,
  BANDWIDTH_LIMIT_RESPONSE_FILTER,
  BUFFER_FILTER,
  CORS_FILTER,
  FAULT_FILTER,
  LOCAL_RATE_LIMIT_FILTER,
  RATE_LIMIT_FILTER,
} from '../../proto/extension-names.ts';
import type { RequestFilterName } from '../../proto/filter-order.ts';
import { requestFilterOrder } from '../../proto/filter-order.ts';
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
import type { ConnectionRateMemory } from './compile-connection-rate.ts';
import { compileCors } from './compile-cors.ts';
import { compileFault } from './compile-fault.ts';
import type { GlobalRateLimits } from './compile-global-rate-limit.ts';
import { compileGlobalRateLimit } from './compile-global-rate-limit.ts';
import type { RateLimitMemory } from './compile-rate-limit.ts';
import { compileRateLimit } from './compile-rate-limit.ts';

/** What filters need of the sidecar around them. */
export type FilterEnvironment = FaultEnvironment &
  ConnectionRateMemory &
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
  connectionRates: { rateLimited: 0 },
  connectionBuckets: new Map(),
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

type Compile = (
  route: Route__Output,
  environment: FilterEnvironment,
) => RequestFilter | readonly RequestFilter[] | null;

/** The compiler says when one of the order is left out. */
const compilers: Readonly<Record<RequestFilterName, Compile>> = {
  [CORS_FILTER]: compileCors,
  [FAULT_FILTER]: compileFault,
  [LOCAL_RATE_LIMIT_FILTER]: compileRateLimit,
  [RATE_LIMIT_FILTER]: compileGlobalRateLimit,
  [BUFFER_FILTER]: compileBodyLimit,
  [BANDWIDTH_LIMIT_REQUEST_FILTER]: compileBandwidthLimit,
  [BANDWIDTH_LIMIT_RESPONSE_FILTER]: () => null, // is compiled with that of requests: one filter slows both bodies down
  [ADMISSION_CONTROL_FILTER]: compileAdmissionControl,
  [ADAPTIVE_CONCURRENCY_FILTER]: compileAdaptiveConcurrency,
};

/** The filters of a validated route in the order of `proto/filter-order.ts`; null for none. */
export function compileFilters(route: Route__Output, environment: FilterEnvironment): readonly RequestFilter[] | null {
  const filters = requestFilterOrder.flatMap((name) => compilers[name](route, environment) ?? []);
  return filters.length === 0 ? null : filters;
}
