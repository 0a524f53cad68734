import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import type { SessionState, SessionTimes } from './session-state.ts';
import { CookieSession, endless, HeaderSession } from './session-state.ts';

const withBlock = (block: string) => Object.assign(new RequestHead(), { block });
const base64 = (bytes: string | readonly number[]) => Buffer.from(bytes as string).toString('base64');
const endpoint = '10.0.0.7:80';

let nowMs: number;
beforeEach(() => {
  nowMs = 1_700_000_000_000;
});

const inHeader = (times: SessionTimes = endless) => new HeaderSession('X-Session', times, () => nowMs);
const inCookie = (times: SessionTimes = endless, isPermanent = false, path = '/') =>
  new CookieSession({ name: 'cart', path, isPermanent }, times, () => nowMs);
const minute: SessionTimes = { absoluteSeconds: 60, idleSeconds: 0 };
const tenIdle: SessionTimes = { absoluteSeconds: 0, idleSeconds: 10 };

/** The request of a client that has got this answer. */
function sentBack(line: string): RequestHead {
  if (!line.startsWith('set-cookie: ')) return withBlock(line);
  return withBlock(`cookie: a=b; ${line.slice('set-cookie: '.length).split(';')[0]}\r\n`);
}

const addressIn = (session: SessionState, line: string) => session.sessionIn(sentBack(line))?.address ?? null;

describe('HeaderSession', () => {
  it('has the address in base64, as Envoy has it', () => {
    const session = inHeader();
    expect(session.answerLine(endpoint, null)).toBe(`x-session: ${base64(endpoint)}\r\n`);
    expect(addressIn(session, `X-Session: ${base64(endpoint)}\r\n`)).toBe(endpoint);
    expect(session.sessionIn(withBlock('x-other: a\r\n'))).toBeNull();
    expect(session.sessionIn(withBlock('x-session:\r\n'))).toBeNull();
  });

  it('has its end beside it where it has one', () => {
    const session = inHeader(minute);
    const line = session.answerLine(endpoint, null);
    nowMs += 59_999;
    expect(addressIn(session, line)).toBe(endpoint);
    nowMs += 1;
    expect(addressIn(session, line)).toBeNull();
    expect(addressIn(session, `x-session: ${base64(endpoint)}\r\n`)).toBeNull();
  });
});

describe('CookieSession', () => {
  it('is encoded as Envoy encodes it', () => {
    const message = [0x0a, 11, ...Buffer.from(endpoint)];
    expect(inCookie().answerLine(endpoint, null)).toBe(`set-cookie: cart=${base64(message)}; Path=/; HttpOnly\r\n`);
    // 1 700 000 060 as a varint
    const withEnd = [...message, 0x10, 0xbc, 0xe2, 0xcf, 0xaa, 0x06];
    expect(inCookie(minute, true, '/shop').answerLine(endpoint, null)).toBe(
      `set-cookie: cart=${base64(withEnd)}; Max-Age=60; Path=/shop; HttpOnly\r\n`,
    );
  });

  it('finds its address in what the client sends back, until its end, whether or not the client is told of that', () => {
    for (const isPermanent of [true, false]) {
      nowMs = 1_700_000_000_000;
      const session = inCookie(minute, isPermanent);
      const line = session.answerLine('[fd00::7]:15006', null);
      expect(line.includes('Max-Age')).toBe(isPermanent);
      expect(addressIn(session, line)).toBe('[fd00::7]:15006');
      nowMs += 59_999;
      expect(addressIn(session, line)).toBe('[fd00::7]:15006');
      nowMs += 1;
      expect(addressIn(session, line)).toBeNull();
    }
    expect(addressIn(inCookie(), inCookie().answerLine(endpoint, null))).toBe(endpoint);
  });

  it('reads a bare address, and believes one without an end only where there is none', () => {
    const bare = withBlock(`cookie: cart=${base64(endpoint)}\r\n`);
    expect(inCookie().sessionIn(bare)).toEqual({ address: endpoint, endsAt: 0, idlesAt: 0 });
    expect(addressIn(inCookie(minute), inCookie().answerLine(endpoint, null))).toBeNull();
    expect(addressIn(inCookie(tenIdle), inCookie(minute).answerLine(endpoint, null))).toBeNull();
  });

  it('says nothing to a client that knows already, and starts anew with another endpoint', () => {
    const session = inCookie(minute, true);
    const brought = session.sessionIn(sentBack(session.answerLine(endpoint, null)));
    nowMs += 30_000;
    expect(session.answerLine(endpoint, brought)).toBe('');
    const line = session.answerLine('10.0.0.8:80', brought);
    expect(line).toContain('Max-Age=60');
    nowMs += 59_000;
    expect(addressIn(session, line)).toBe('10.0.0.8:80');
  });

  it('goes on as long as its client comes before it has been idle for too long', () => {
    const session = inCookie(tenIdle);
    let line = session.answerLine(endpoint, null);
    for (let i = 0; i < 5; i++) {
      nowMs += 9_000;
      const brought = session.sessionIn(sentBack(line));
      expect(brought?.address).toBe(endpoint);
      line = session.answerLine(endpoint, brought);
      expect(line).not.toContain('Max-Age');
      // within the same second there is nothing new to say
      expect(session.answerLine(endpoint, session.sessionIn(sentBack(line)))).toBe('');
    }
    nowMs += 10_000;
    expect(addressIn(session, line)).toBeNull();
  });

  it('ends at its absolute end however often its client comes, and says how long that still is', () => {
    const session = inCookie({ absoluteSeconds: 60, idleSeconds: 50 }, true);
    let line = session.answerLine(endpoint, null);
    for (const left of [40, 20]) {
      nowMs += 20_000;
      line = session.answerLine(endpoint, session.sessionIn(sentBack(line)));
      expect(line).toContain(`Max-Age=${left};`);
    }
    nowMs += 20_000;
    expect(addressIn(session, line)).toBeNull();
  });

  it('reads anything at all without an exception', () => {
    const sessions = [inCookie(), inCookie({ absoluteSeconds: 60, idleSeconds: 10 })];
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.uint8Array().map((bytes) => base64([...bytes])),
          fc.uint8Array().map((bytes) => base64([0x0a, 1, 97, 0x10, ...bytes])),
        ),
        (value) => {
          const head = withBlock(`cookie: cart=${value.replace(/[\r\n]/g, '')}\r\n`);
          for (const session of sessions) {
            const token = session.sessionIn(head);
            if (token !== null) expect(session.answerLine(token.address, token)).toMatch(/^(set-cookie: .*\r\n)?$/);
          }
        },
      ),
    );
  });
});
