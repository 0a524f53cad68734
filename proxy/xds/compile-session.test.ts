import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { STATEFUL_SESSION_FILTER } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import { formatSessionBounds } from '../../proto/session-metadata.ts';
import { RequestHead } from '../message-head.ts';
import { decoded } from '../testing/decoded.ts';
import type { CompiledSession } from './compile-session.ts';
import { compileSession } from './compile-session.ts';

type Session = Input<'envoy.extensions.filters.http.stateful_session.v3.StatefulSession'>;

const clock = { nowMs: 0 };
const address = '10.0.0.1:15006';

const header = { name: 'x', typed_config: headerState('X-Session') };

function headerState(name: string) {
  return pack('envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState', { name });
}

function cookie(ttl: Input<'google.protobuf.Duration'> | null) {
  return {
    name: 'x',
    typed_config: pack('envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState', {
      cookie: { name: 'cart', path: '/shop', ttl },
    }),
  };
}

function compile(session: Session | null, bounds = { absoluteMs: 0, idleMs: 0 }): CompiledSession | null {
  clock.nowMs = 0;
  const config = { stateful_session: session };
  const packed = pack('envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute', config);
  const route = decoded('envoy.config.route.v3.Route', {
    metadata: { filter_metadata: formatSessionBounds(bounds) },
    typed_per_filter_config: session === null ? {} : { [STATEFUL_SESSION_FILTER]: packed },
  });
  return compileSession(route, () => clock.nowMs);
}

/** Whether a client that was answered at 0 still has its session so many seconds later. */
function lastsFor(session: CompiledSession | null, seconds: number): boolean {
  clock.nowMs = 0;
  const line = session?.state.answerLine(address, null) ?? '';
  const value = /^x-session: (.*)\r\n$/.exec(line)?.[1] ?? '';
  clock.nowMs = seconds * 1000;
  const head = Object.assign(new RequestHead(), { block: `x-session: ${value}\r\n` });
  return session?.state.sessionIn(head)?.address === address;
}

describe('compileSession', () => {
  it('is nothing where the route has none, or one without a state', () => {
    expect(compile(null)).toBeNull();
    expect(compile({})).toBeNull();
  });

  it('keeps a session in a header, for ever where nothing else is said', () => {
    const session = compile({ session_state: header });
    expect(session?.isStrict).toBe(false);
    expect(session?.state.answerLine(address, null)).toBe(`x-session: ${Buffer.from(address).toString('base64')}\r\n`);
    expect(lastsFor(session, 1e9)).toBe(true);
  });

  it('reads that nobody else may take over', () => {
    expect(compile({ session_state: header, strict: true })?.isStrict).toBe(true);
  });

  it('reads the bounds that an Envoy has no field for; less than a second is one', () => {
    const absolute = compile({ session_state: header }, { absoluteMs: 10_000, idleMs: 0 });
    expect([lastsFor(absolute, 9), lastsFor(absolute, 10)]).toEqual([true, false]);
    const idle = compile({ session_state: header }, { absoluteMs: 0, idleMs: 300 });
    expect([lastsFor(idle, 0), lastsFor(idle, 1)]).toEqual([true, false]);
  });

  it('keeps a session in a cookie, which the client keeps as long as its time to live says', () => {
    const line = compile({ session_state: cookie({ seconds: '60' }) })?.state.answerLine(address, null);
    expect(line).toMatch(/^set-cookie: cart=/);
    expect(line).toContain('Max-Age=60');
    expect(line).toContain('Path=/shop');
  });

  it('gives a cookie that lasts longer than a timer could wait all of its time', () => {
    const seconds = 90 * 86_400;
    const line = compile({ session_state: cookie({ seconds: String(seconds) }) })?.state.answerLine(address, null);
    expect(line).toContain(`Max-Age=${seconds}`);
  });

  it('lets the client say how long it keeps a cookie without one', () => {
    const line = compile({ session_state: cookie(null) })?.state.answerLine(address, null);
    expect(line).not.toContain('Max-Age');
  });
});
