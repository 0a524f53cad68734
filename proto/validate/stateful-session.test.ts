import { describe, expect, it } from 'vitest';
import type { PackableName } from '../any.ts';
import { pack } from '../any.ts';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { root, Violations } from '../violation.ts';
import { checkStatefulSession } from './stateful-session.ts';

const TYPE = 'envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute';
const COOKIE = 'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState';
const HEADER = 'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState';

function validate(config: Input<typeof TYPE>): string[] {
  const violations = new Violations();
  const type = messageType(TYPE);
  checkStatefulSession(type.decode(type.encode(config)), root, violations);
  return violations.list().map(({ path, message }) => `${path}: ${message}`);
}

function state<Name extends PackableName>(name: Name, message: Input<Name>, strict = false): Input<typeof TYPE> {
  return { stateful_session: { session_state: { name: 'state', typed_config: pack(name, message) }, strict } };
}

const at = 'stateful_session.session_state.typed_config';

describe('checkStatefulSession', () => {
  it('accepts cookies, headers and none', () => {
    expect(validate(state(COOKIE, { cookie: { name: 'a', path: '/', ttl: { seconds: '60' } } }))).toEqual([]);
    expect(validate(state(HEADER, { name: 'x-session' }))).toEqual([]);
    expect(validate(state(HEADER, { name: 'x-session' }, true))).toEqual([]);
    expect(validate({ disabled: true })).toEqual([]);
  });

  it.each<[string, Input<typeof TYPE>, string]>([
    ['nothing', {}, ': needs disabled or stateful_session'],
    ['no cookie', state(COOKIE, {}), `${at}.cookie.name: is not the name of a cookie: ""`],
    ['no header', state(HEADER, { name: 'a:b' }), `${at}.name: is not a header name: "a:b"`],
    [
      'what ends an answer',
      state(HEADER, { name: 'Content-Length' }),
      `${at}.name: names content-length, which no rule may change`,
    ],
  ])('refuses %s', (_what, config, violation) => {
    expect(validate(config)).toEqual([violation]);
  });
});
