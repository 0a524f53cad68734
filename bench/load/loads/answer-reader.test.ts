import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { AnswerReader } from './answer-reader.ts';

const answer = 'HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello';
const chunked = 'HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';

describe('AnswerReader', () => {
  it.each([1, 3, 7, 1000])('finds the ends of answers in pieces of %i bytes', (size) => {
    const reader = new AnswerReader();
    for (const [text, status] of [
      [answer, 200],
      [chunked, 503],
      [answer, 200],
    ] as const) {
      const bytes = Buffer.from(text);
      for (let start = 0; start < bytes.length; start += size) {
        expect(reader.take(bytes.subarray(start, start + size))).toBe(start + size >= bytes.length);
      }
      expect(reader.status).toBe(status);
    }
  });

  it('knows the end of an answer without a body', () => {
    const reader = new AnswerReader();
    expect(reader.take(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))).toBe(true);
    expect(reader.bodyBytes).toBe(0);
  });

  it('takes more bytes than were announced for no answer', () => {
    const reader = new AnswerReader();
    expect(reader.take(Buffer.from(`${answer}!`))).toBe(true);
    expect(reader.status).toBe(0);
  });
});
