import { expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { COOKIE_SESSION_STATE, STATEFUL_SESSION_FILTER } from '../../proto/extension-names.ts';
import { messageType } from '../../proto/load.ts';
import { compileSession } from './compile-session.ts';

const DAY_SECONDS = 86_400;

it('gives a cookie that lasts longer than a timer could wait all of its time', () => {
  const cookie = { name: 'a', path: '/', ttl: { seconds: 90 * DAY_SECONDS } };
  const typed_config = pack('envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState', { cookie });
  const config = { stateful_session: { session_state: { name: COOKIE_SESSION_STATE, typed_config } } };
  const type = messageType('envoy.config.route.v3.Route');
  const route = type.encode({
    typed_per_filter_config: {
      [STATEFUL_SESSION_FILTER]: pack(
        'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute',
        config,
      ),
    },
  });
  const session = compileSession(type.decode(route), () => 0);
  expect(session?.state.answerLine('10.0.0.1:80', null)).toContain(`Max-Age=${90 * DAY_SECONDS}`);
});
