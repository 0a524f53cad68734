import type { PackedMessage } from '../any.ts';
import {
  BUFFER_FILTER,
  CORS_FILTER,
  FAULT_FILTER,
  LOCAL_RATE_LIMIT_FILTER,
  RATE_LIMIT_FILTER,
  STATEFUL_SESSION_FILTER,
} from '../extension-names.ts';
import type { Path, Violations } from '../violation.ts';
import { checkBuffer } from './buffer.ts';
import { checkCors } from './cors.ts';
import { checkFault } from './fault.ts';
import { checkLocalRateLimit } from './local-rate-limit.ts';
import { checkRateLimitPerRoute } from './rate-limit.ts';
import { checkStatefulSession } from './stateful-session.ts';
import { unpackAt } from './unpack-at.ts';

const STATEFUL_SESSION = 'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute';
const LOCAL_RATE_LIMIT = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';
const RATE_LIMIT = 'envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute';

/** `typed_per_filter_config` of a route: what its filters do. A filter that the sidecar does not have is no filter to leave out. */
export function checkPerFilterConfig(
  configs: Readonly<Record<string, PackedMessage>>,
  at: Path,
  violations: Violations,
): void {
  for (const [name, config] of Object.entries(configs)) {
    const configAt = at.key(name);
    if (name === FAULT_FILTER) {
      const fault = unpackAt(['envoy.extensions.filters.http.fault.v3.HTTPFault'], config, configAt, violations);
      if (fault !== null) checkFault(fault.message, configAt, violations);
    } else if (name === CORS_FILTER) {
      const cors = unpackAt(['envoy.extensions.filters.http.cors.v3.CorsPolicy'], config, configAt, violations);
      if (cors !== null) checkCors(cors.message, configAt, violations);
    } else if (name === LOCAL_RATE_LIMIT_FILTER) {
      const limit = unpackAt([LOCAL_RATE_LIMIT], config, configAt, violations);
      if (limit !== null) checkLocalRateLimit(limit.message, configAt, violations);
    } else if (name === RATE_LIMIT_FILTER) {
      const limit = unpackAt([RATE_LIMIT], config, configAt, violations);
      if (limit !== null) checkRateLimitPerRoute(limit.message, configAt, violations);
    } else if (name === BUFFER_FILTER) {
      const buffer = unpackAt(['envoy.extensions.filters.http.buffer.v3.BufferPerRoute'], config, configAt, violations);
      if (buffer !== null) checkBuffer(buffer.message, configAt, violations);
    } else if (name === STATEFUL_SESSION_FILTER) {
      const session = unpackAt([STATEFUL_SESSION], config, configAt, violations);
      if (session !== null) checkStatefulSession(session.message, configAt, violations);
    } else {
      const known = [BUFFER_FILTER, CORS_FILTER, FAULT_FILTER, LOCAL_RATE_LIMIT_FILTER, STATEFUL_SESSION_FILTER];
      violations.add(configAt, `is no filter of the sidecar: it has ${known.join(', ')} and ${RATE_LIMIT_FILTER}`);
    }
  }
}
