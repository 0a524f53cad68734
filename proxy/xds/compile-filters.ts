import { unpackAs } from '../../proto/any.ts';
import { timerMs } from '../../proto/duration.ts';
import { BUFFER_FILTER, FAULT_FILTER } from '../../proto/extension-names.ts';
import type { FaultOrigin } from '../../proto/fault-metadata.ts';
import { parseFaultMetadata } from '../../proto/fault-metadata.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import type { FaultDelay__Output } from '../../proto/generated/envoy/extensions/filters/common/fault/v3/FaultDelay.ts';
import type { FaultAbort__Output } from '../../proto/generated/envoy/extensions/filters/http/fault/v3/FaultAbort.ts';
import type { BodyLimitCounters } from '../filter/body-limit.ts';
import { BodyLimit } from '../filter/body-limit.ts';
import type { FaultConfig, FaultEnvironment } from '../filter/fault-filter.ts';
import { FaultFilter, noFaults } from '../filter/fault-filter.ts';
import { OverLimitMemory } from '../filter/over-limit-memory.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import { noBandwidth } from '../filter/shared-bandwidth.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import type { ActivityMemory } from './compile-activity.ts';
import { activityOf } from './compile-activity.ts';
import type { ConcurrencyMemory } from './compile-adaptive-concurrency.ts';
import { compileAdaptiveConcurrency } from './compile-adaptive-concurrency.ts';
import type { AdmissionMemory } from './compile-admission-control.ts';
import { compileAdmissionControl } from './compile-admission-control.ts';
import type { BandwidthMemory } from './compile-bandwidth-limit.ts';
import { compileBandwidthLimit } from './compile-bandwidth-limit.ts';
import { compileCors } from './compile-cors.ts';
import { compileFraction } from './compile-fraction.ts';
import type { GlobalRateLimits } from './compile-global-rate-limit.ts';
import { compileGlobalRateLimit } from './compile-global-rate-limit.ts';
import { compileHeader } from './compile-matchers.ts';
import type { RateLimitMemory } from './compile-rate-limit.ts';
import { compileRateLimit } from './compile-rate-limit.ts';

/** What filters need of the sidecar around them. */
export type FilterEnvironment = FaultEnvironment &
  RateLimitMemory &
  GlobalRateLimits &
  BandwidthMemory &
  ConcurrencyMemory &
  AdmissionMemory &
  ActivityMemory & { readonly bodyLimits: BodyLimitCounters };

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
 * see what the others answer, then faults, then limits: of rates, of bodies and of bandwidth, and what spares a service in trouble, last because it looks at what becomes of what the others let go on.
 * Null for none.
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

function compileBodyLimit(route: Route__Output, { bodyLimits }: FilterEnvironment): RequestFilter | null {
  const packed = route.typed_per_filter_config[BUFFER_FILTER];
  if (packed === undefined) return null;
  const { buffer } = unpackAs('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', packed);
  return buffer?.max_request_bytes ? new BodyLimit(buffer.max_request_bytes.value, bodyLimits) : null;
}

/** Null also where nobody says which document asks for the fault and until when. */
function compileFault(route: Route__Output, environment: FilterEnvironment): RequestFilter | null {
  const packed = route.typed_per_filter_config[FAULT_FILTER];
  const origin = parseFaultMetadata(route.metadata);
  if (packed === undefined || origin === null) return null;
  const {
    delay,
    abort,
    headers,
    max_active_faults: maxActive,
  } = unpackAs('envoy.extensions.filters.http.fault.v3.HTTPFault', packed);
  const config: FaultConfig = {
    delay: delay === null ? null : compileDelay(delay),
    abort: abort === null ? null : compileAbort(abort),
    headers: headers.map(compileHeader),
    maxActive: maxActive?.value ?? Number.POSITIVE_INFINITY,
    untilMs: origin.untilMs,
    rule: ruleOf(origin),
  };
  return new FaultFilter(config, environment, activityOf(environment, 'fault', route, config.rule, origin.untilMs));
}

function compileDelay({ fixed_delay: fixed, percentage }: FaultDelay__Output): FaultConfig['delay'] {
  const share = compileFraction(percentage);
  return fixed ? { kind: 'fixed', ms: timerMs(fixed), share } : { kind: 'header', share };
}

function compileAbort(abort: FaultAbort__Output): FaultConfig['abort'] {
  const share = compileFraction(abort.percentage);
  if (abort.http_status !== undefined) return { kind: 'status', status: abort.http_status, share };
  if (abort.grpc_status !== undefined) return { kind: 'grpc', grpcStatus: abort.grpc_status, share };
  return { kind: 'header', share };
}

function ruleOf({ document, file, line }: FaultOrigin): string {
  return file === '' ? document : `${document} (${file}:${line})`;
}
