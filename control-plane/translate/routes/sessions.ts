import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { COOKIE_SESSION_STATE, HEADER_SESSION_STATE, STATEFUL_SESSION_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import { formatSessionBounds } from '../../../proto/session-metadata.ts';
import type { EffectiveSession, SessionPersistence } from '../../model/session-persistence.ts';
import { effectiveSession } from '../../model/session-persistence.ts';
import type { Abilities } from '../view/abilities.ts';

type Route = Input<'envoy.config.route.v3.Route'>;

/**
 * A route whose clients stay with an instance; the route as it was where nobody asks for that. `name`: of route and rule. A
 * client that knows no bounds keeps sessions longer, and gives who has lost its instance another one.
 */
export function withSession(
  route: Route,
  written: SessionPersistence | undefined,
  name: string,
  isStrict: boolean,
  { balancing, sessionBounds }: Pick<Abilities, 'balancing' | 'sessionBounds'>,
): Route {
  if (written === undefined || !balancing || !route.route) return route;
  const session = effectiveSession(written, `heddle-session-${name}`);
  const strict = isStrict && sessionBounds && { strict: true };
  const stateful_session = { session_state: sessionState(session), ...strict };
  const config = pack('envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute', {
    stateful_session,
  });
  return {
    ...route,
    typed_per_filter_config: { ...route.typed_per_filter_config, [STATEFUL_SESSION_FILTER]: config },
    ...(sessionBounds && boundsBeside(session, route)),
  };
}

/** What the filter has no field for. */
function boundsBeside(session: EffectiveSession, { metadata }: Route): Pick<Route, 'metadata'> {
  const { idleMs } = session;
  const absoluteMs = session.kind === 'cookie' && session.isPermanent ? 0 : session.absoluteMs;
  if (absoluteMs === 0 && idleMs === 0) return {};
  return {
    metadata: { filter_metadata: { ...metadata?.filter_metadata, ...formatSessionBounds({ absoluteMs, idleMs }) } },
  };
}

function sessionState(session: EffectiveSession): Input<'envoy.config.core.v3.TypedExtensionConfig'> {
  if (session.kind === 'header') {
    const { name } = session;
    const typed_config = pack('envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState', { name });
    return { name: HEADER_SESSION_STATE, typed_config };
  }
  const { name, path, isPermanent, absoluteMs } = session;
  const cookie = { name, path, ...(isPermanent && { ttl: msToDuration(absoluteMs) }) };
  return {
    name: COOKIE_SESSION_STATE,
    typed_config: pack('envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState', { cookie }),
  };
}
