import { unpack, unpackAs } from '../../proto/any.ts';
import { timerMs } from '../../proto/duration.ts';
import { STATEFUL_SESSION_FILTER } from '../../proto/extension-names.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import type { SessionState } from '../route/session-state.ts';
import { cookieSession, headerSession } from '../route/session-state.ts';

/** Where clients of a route keep which endpoint they are to be answered by; null where they do not. */
export function compileSessionState(route: Route__Output, wallClockMs: () => number): SessionState | null {
  const packed = route.typed_per_filter_config[STATEFUL_SESSION_FILTER];
  if (packed === undefined) return null;
  const config = unpackAs('envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute', packed);
  const state = config.stateful_session?.session_state?.typed_config;
  if (!state) return null;
  const { name, message } = unpack(state);
  if (name === 'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState') {
    return headerSession(message.name);
  }
  if (name !== 'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState') return null;
  const { name: cookie = '', path = '', ttl = null } = message.cookie ?? {};
  return cookieSession(cookie, path, ttl === null ? 0 : Math.floor(timerMs(ttl) / 1000), wallClockMs);
}
