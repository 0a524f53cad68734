import { unpackAs } from '../../proto/any.ts';
import { timerMs } from '../../proto/duration.ts';
import { FAULT_FILTER } from '../../proto/extension-names.ts';
import type { FaultOrigin } from '../../proto/fault-metadata.ts';
import { parseFaultMetadata } from '../../proto/fault-metadata.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import type { FaultDelay__Output } from '../../proto/generated/envoy/extensions/filters/common/fault/v3/FaultDelay.ts';
import type { FaultRateLimit__Output } from '../../proto/generated/envoy/extensions/filters/common/fault/v3/FaultRateLimit.ts';
import type { FaultAbort__Output } from '../../proto/generated/envoy/extensions/filters/http/fault/v3/FaultAbort.ts';
import type { FaultConfig, FaultEnvironment } from '../filter/fault-filter.ts';
import { FaultFilter } from '../filter/fault-filter.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import type { ActivityMemory } from './compile-activity.ts';
import { activityOf } from './compile-activity.ts';
import { compileFraction } from './compile-fraction.ts';
import { compileHeader } from './compile-matchers.ts';

export interface FaultMemory extends FaultEnvironment, ActivityMemory {
  /** Processes among which a bound is divided. */
  readonly limitShare: number;
}

/** Null for none, also where nobody says which document asks for the fault and until when. */
export function compileFault(route: Route__Output, environment: FaultMemory): RequestFilter | null {
  const packed = route.typed_per_filter_config[FAULT_FILTER];
  const origin = parseFaultMetadata(route.metadata);
  if (packed === undefined || origin === null) return null;
  const {
    delay,
    abort,
    headers,
    max_active_faults: maxActive,
    response_rate_limit: rateLimit,
  } = unpackAs('envoy.extensions.filters.http.fault.v3.HTTPFault', packed);
  const config: FaultConfig = {
    delay: delay === null ? null : compileDelay(delay),
    abort: abort === null ? null : compileAbort(abort),
    responseRate: rateLimit === null ? null : compileRateLimit(rateLimit),
    headers: headers.map(compileHeader),
    maxActive: maxActive === null ? Number.POSITIVE_INFINITY : Math.ceil(maxActive.value / environment.limitShare),
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

function compileRateLimit({ fixed_limit: fixed, percentage }: FaultRateLimit__Output): FaultConfig['responseRate'] {
  const share = compileFraction(percentage);
  return fixed ? { kind: 'fixed', bytes: Number(fixed.limit_kbps) * 1024, share } : { kind: 'header', share };
}

function ruleOf({ document, file, line }: FaultOrigin): string {
  return file === '' ? document : `${document} (${file}:${line})`;
}
