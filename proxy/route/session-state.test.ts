import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { cookieSession, headerSession } from './session-state.ts';

const withBlock = (block: string) => Object.assign(new RequestHead(), { block });
const base64 = (bytes: string | readonly number[]) => Buffer.from(bytes as string).toString('base64');

describe('headerSession', () => {
  const session = headerSession('X-Session');

  it('has the address in base64', () => {
    expect(session.answerLine('10.0.0.7:80')).toBe(`x-session: ${base64('10.0.0.7:80')}\r\n`);
    expect(session.addressIn(withBlock(`X-Session: ${base64('10.0.0.7:80')}\r\n`))).toBe('10.0.0.7:80');
    expect(session.addressIn(withBlock('x-other: a\r\n'))).toBe('');
  });
});

describe('cookieSession', () => {
  let nowMs = 1_700_000_000_000;
  const forSession = cookieSession('cart', '/', 0, () => nowMs);
  const lasting = cookieSession('cart', '/shop', 60, () => nowMs);
  const sentBack = (line: string) => withBlock(`cookie: a=b; ${line.slice('set-cookie: '.length).split(';')[0]}\r\n`);

  it('is encoded as Envoy encodes it', () => {
    const message = [0x0a, 11, ...Buffer.from('10.0.0.7:80')];
    expect(forSession.answerLine('10.0.0.7:80')).toBe(`set-cookie: cart=${base64(message)}; Path=/; HttpOnly\r\n`);
    // 1 700 000 060 as a varint
    const withEnd = [...message, 0x10, 0xbc, 0xe2, 0xcf, 0xaa, 0x06];
    expect(lasting.answerLine('10.0.0.7:80')).toBe(
      `set-cookie: cart=${base64(withEnd)}; Max-Age=60; Path=/shop; HttpOnly\r\n`,
    );
  });

  it('finds its address in what the client sends back, until its end', () => {
    const line = lasting.answerLine('[fd00::7]:15006');
    expect(lasting.addressIn(sentBack(line))).toBe('[fd00::7]:15006');
    nowMs += 59_999;
    expect(lasting.addressIn(sentBack(line))).toBe('[fd00::7]:15006');
    nowMs += 1;
    expect(lasting.addressIn(sentBack(line))).toBe('');
    expect(forSession.addressIn(sentBack(forSession.answerLine('10.0.0.7:80')))).toBe('10.0.0.7:80');
  });

  it('reads a bare address, and believes one without an end only where there is none', () => {
    const bare = withBlock(`cookie: cart=${base64('10.0.0.7:80')}\r\n`);
    expect(forSession.addressIn(bare)).toBe('10.0.0.7:80');
    expect(lasting.addressIn(sentBack(forSession.answerLine('10.0.0.7:80')))).toBe('');
  });

  it('reads anything at all without an exception', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.uint8Array().map((bytes) => base64([...bytes])),
        ),
        (value) => {
          const head = withBlock(`cookie: cart=${value.replace(/[\r\n]/g, '')}\r\n`);
          expect(typeof forSession.addressIn(head)).toBe('string');
          expect(typeof lasting.addressIn(head)).toBe('string');
        },
      ),
    );
  });
});
