import { unpack, unpackAs } from '../../proto/any.ts';
import { durationToMs } from '../../proto/duration.ts';
import { STATEFUL_SESSION_FILTER } from '../../proto/extension-names.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import { parseSessionBounds } from '../../proto/session-metadata.ts';
import type { RouteSession } from '../route/session-state.ts';
import { CookieSession, HeaderSession } from '../route/session-state.ts';

/** Sessions of a route without their destinations. */
export type CompiledSession = Omit<RouteSession<unknown>, 'destinations'>;

/** Where clients of a route keep which endpoint they are to be answered by; null where they do not. */
export function compileSession(route: Route__Output, wallClockMs: () => number): CompiledSession | null {
  const packed = route.typed_per_filter_config[STATEFUL_SESSION_FILTER];
  if (packed === undefined) return null;
  const config = unpackAs('envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute', packed);
  const { session_state: state = null, strict: isStrict = false } = config.stateful_session ?? {};
  if (!state?.typed_config) return null;
  const bounds = parseSessionBounds(route.metadata);
  const times = { absoluteSeconds: seconds(bounds.absoluteMs), idleSeconds: seconds(bounds.idleMs) };
  const { name, message } = unpack(state.typed_config);
  if (name === 'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState') {
    return { state: new HeaderSession(message.name, times, wallClockMs), isStrict };
  }
  if (name !== 'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState') return null;
  const { name: cookieName = '', path = '', ttl = null } = message.cookie ?? {};
  const ttlSeconds = ttl === null ? 0 : Math.floor(durationToMs(ttl) / 1000);
  const cookie = { name: cookieName, path, isPermanent: ttlSeconds > 0 };
  const ofCookie = ttlSeconds > 0 ? { ...times, absoluteSeconds: ttlSeconds } : times;
  return { state: new CookieSession(cookie, ofCookie, wallClockMs), isStrict };
}

function seconds(ms: number): number {
  return ms === 0 ? 0 : Math.max(1, Math.floor(ms / 1000));
}
