import type { StatefulSessionPerRoute__Output } from '../generated/envoy/extensions/filters/http/stateful_session/v3/StatefulSessionPerRoute.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration } from './field-checks.ts';
import { checkCookie } from './hash-policy.ts';
import { checkChangedHeader } from './header-changes.ts';
import { unpackAt } from './unpack-at.ts';

const STATES = [
  'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState',
  'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState',
] as const;

/** `envoy.filters.http.stateful_session` of a route. */
export function checkStatefulSession(config: StatefulSessionPerRoute__Output, at: Path, violations: Violations): void {
  if (config.override === undefined) {
    violations.add(at, 'needs disabled or stateful_session');
    return;
  }
  const session = config.stateful_session;
  if (!session) return;
  const sessionAt = at.field('stateful_session');
  const stateAt = sessionAt.field('session_state').field('typed_config');
  const state = unpackAt(STATES, session.session_state?.typed_config, stateAt, violations);
  if (state?.name === STATES[0]) {
    const { name = '', ttl = null, path = '' } = state.message.cookie ?? {};
    checkCookie(name, path, stateAt.field('cookie'), violations);
    checkDuration(ttl, stateAt.field('cookie').field('ttl'), violations);
  } else if (state !== null) checkChangedHeader(state.message.name, stateAt.field('name'), violations);
}
