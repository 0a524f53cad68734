import type { PackableName, PackedMessage } from '../any.ts';
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
  STATEFUL_SESSION_FILTER,
} from '../extension-names.ts';
import type { Output } from '../load.ts';
import type { Path, Violations } from '../violation.ts';
import { checkBandwidthLimit } from './bandwidth-limit.ts';
import { checkBuffer } from './buffer.ts';
import { checkCors } from './cors.ts';
import { checkFault } from './fault.ts';
import { checkLocalRateLimit } from './local-rate-limit.ts';
import { checkAdaptiveConcurrency, checkAdmissionControl } from './overload-filters.ts';
import { checkRateLimitPerRoute } from './rate-limit.ts';
import { checkStatefulSession } from './stateful-session.ts';
import { unpackAt } from './unpack-at.ts';

type Check = (config: PackedMessage, at: Path, violations: Violations) => void;

const BANDWIDTH_LIMIT = 'envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit';

/** The filters of the sidecar, and what each may be told. */
const checks: ReadonlyMap<string, Check> = new Map([
  [
    ADAPTIVE_CONCURRENCY_FILTER,
    checkOf('envoy.extensions.filters.http.adaptive_concurrency.v3.AdaptiveConcurrency', checkAdaptiveConcurrency),
  ],
  [
    ADMISSION_CONTROL_FILTER,
    checkOf('envoy.extensions.filters.http.admission_control.v3.AdmissionControl', checkAdmissionControl),
  ],
  [BANDWIDTH_LIMIT_REQUEST_FILTER, checkOf(BANDWIDTH_LIMIT, checkBandwidthLimit('REQUEST'))],
  [BANDWIDTH_LIMIT_RESPONSE_FILTER, checkOf(BANDWIDTH_LIMIT, checkBandwidthLimit('RESPONSE'))],
  [BUFFER_FILTER, checkOf('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', checkBuffer)],
  [CORS_FILTER, checkOf('envoy.extensions.filters.http.cors.v3.CorsPolicy', checkCors)],
  [FAULT_FILTER, checkOf('envoy.extensions.filters.http.fault.v3.HTTPFault', checkFault)],
  [
    LOCAL_RATE_LIMIT_FILTER,
    checkOf('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', checkLocalRateLimit),
  ],
  [RATE_LIMIT_FILTER, checkOf('envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute', checkRateLimitPerRoute)],
  [
    STATEFUL_SESSION_FILTER,
    checkOf('envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute', checkStatefulSession),
  ],
]);

/** `typed_per_filter_config` of a route: what its filters do. A filter that the sidecar does not have is no filter to leave out. */
export function checkPerFilterConfig(
  configs: Readonly<Record<string, PackedMessage>>,
  at: Path,
  violations: Violations,
): void {
  for (const [name, config] of Object.entries(configs)) {
    const check = checks.get(name);
    if (check !== undefined) {
      check(config, at.key(name), violations);
      continue;
    }
    const known = [...checks.keys()];
    const last = known.pop();
    violations.add(at.key(name), `is no filter of the sidecar: it has ${known.join(', ')} and ${last}`);
  }
}

function checkOf<Name extends PackableName>(
  name: Name,
  check: (message: Output<Name>, at: Path, violations: Violations) => void,
): Check {
  return (config, at, violations) => {
    const unpacked = unpackAt([name], config, at, violations);
    // the type checker cannot relate one name to one member of the union; `unpackAt` takes no other
    if (unpacked !== null) check(unpacked.message as Output<Name>, at, violations);
  };
}
