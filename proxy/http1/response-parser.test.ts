import { describe, expect, it } from 'vitest';
import { ResponseHead } from '../message-head.ts';
import { isResponseBeginning, ResponseParser } from './response-parser.ts';

function parse(text: string, method = 'GET'): ResponseHead | null {
  const head = new ResponseHead();
  return new ResponseParser().parse(text, 0, text.length, method, head) ? head : null;
}

describe('ResponseParser', () => {
  it.each([
    ['HTTP/1.1 200 OK', 'OK'],
    ['HTTP/1.1 200 ', ''],
    ['HTTP/1.1 200', ''],
    ['HTTP/1.1 404 Not Found', 'Not Found'],
  ])('reads the reason of %j', (line, reason) => {
    expect(parse(`${line}\r\n\r\n`)).toMatchObject({ reason });
  });

  it.each([
    ['204 No Content', 'Content-Length: 5'],
    ['204 No Content', 'Transfer-Encoding: chunked'],
    ['103 Early Hints', 'Content-Length: 5'],
  ])('forwards %s without %s, and does not use its connection again', (status, line) => {
    const head = parse(`HTTP/1.1 ${status}\r\nA: 1\r\n${line}\r\nB: 2\r\n\r\n`);
    expect(head).toMatchObject({ framing: 'none', keepAlive: false, block: 'A: 1\r\nB: 2\r\n' });
  });

  it('keeps why a sidecar has answered itself, and nothing else of what sidecars say to each other', () => {
    const text = 'HTTP/1.1 503 x\r\nX-Heddle-Reason: UO\r\nx-heddle-reasons: UO\r\nx-heddle-peer: a\r\nA: 1\r\n\r\n';
    const head = new ResponseHead();
    expect(new ResponseParser(undefined, true).parse(text, 0, text.length, 'GET', head)).toBe(true);
    expect(head.block).toBe('X-Heddle-Reason: UO\r\nA: 1\r\n');
    expect(parse(text)?.block).toBe('A: 1\r\n');
  });

  it('leaves the length of what HEAD and 304 speak of', () => {
    const lines = 'Content-Length: 5\r\n';
    expect(parse(`HTTP/1.1 200 OK\r\n${lines}\r\n`, 'HEAD')).toMatchObject({ framing: 'none', block: lines });
    expect(parse(`HTTP/1.1 304 x\r\n${lines}\r\n`)).toMatchObject({ framing: 'none', block: lines, keepAlive: true });
  });
});

describe('isResponseBeginning', () => {
  it.each(['', 'H', 'HTTP/1.', 'HTTP/1.1 200 OK\r\nA: 1\r\n'])('holds for %j', (text) => {
    expect(isResponseBeginning(text)).toBe(true);
  });

  it.each(['\x16\x03', 'SSH-2.0-x', 'HTTP/2', 'HTTP/1.1 200 OK\nA: 1\n\n', '\nHTTP/1.'])('fails for %j', (text) => {
    expect(isResponseBeginning(text)).toBe(false);
  });
});
