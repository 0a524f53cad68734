import { pack } from '../../proto/any.ts';
import { msToDuration } from '../../proto/duration.ts';
import { COOKIE_SESSION_STATE, HEADER_SESSION_STATE, STATEFUL_SESSION_FILTER } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import type { EffectiveSession, SessionPersistence } from '../model/session-persistence.ts';
import { effectiveSession } from '../model/session-persistence.ts';
import type { Abilities } from './abilities.ts';

type Route = Input<'envoy.config.route.v3.Route'>;

/** A route whose clients stay with an instance; the route as it was where nobody asks for that. `name`: of route and rule. */
export function withSession(
  route: Route,
  written: SessionPersistence | undefined,
  name: string,
  { balancing }: Pick<Abilities, 'balancing'>,
): Route {
  if (written === undefined || !balancing || !route.route) return route;
  const stateful_session = { session_state: sessionState(effectiveSession(written, `heddle-session-${name}`)) };
  const config = pack('envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute', {
    stateful_session,
  });
  return { ...route, typed_per_filter_config: { ...route.typed_per_filter_config, [STATEFUL_SESSION_FILTER]: config } };
}

function sessionState(session: EffectiveSession): Input<'envoy.config.core.v3.TypedExtensionConfig'> {
  if (session.kind === 'header') {
    const { name } = session;
    const typed_config = pack('envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState', { name });
    return { name: HEADER_SESSION_STATE, typed_config };
  }
  const { name, path, ttlMs } = session;
  const cookie = { name, path, ...(ttlMs > 0 && { ttl: msToDuration(ttlMs) }) };
  return {
    name: COOKIE_SESSION_STATE,
    typed_config: pack('envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState', { cookie }),
  };
}
