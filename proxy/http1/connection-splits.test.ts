import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { call, serve } from './testing/connection-transcripts.ts';

const name = fc.constantFrom(
  'Host',
  'X-A',
  'content-length',
  'Transfer-Encoding',
  'Connection',
  'Upgrade',
  'Expect',
  'x_y',
);
const value = fc.constantFrom(
  'a',
  '',
  '5',
  '0',
  'chunked',
  'close',
  'keep-alive',
  'x-a',
  'Upgrade',
  'websocket',
  'b, c',
  ' \t',
);
const line = fc.tuple(name, value).map(([left, right]) => `${left}: ${right}\r\n`);
const body = fc.constantFrom(
  '',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '1;x=y\r\na\r\n0\r\nX-T: 1\r\n\r\n',
  '0\r\n\r\n',
  '5\r\nhel',
);
const requestLine = fc.constantFrom(
  'GET / HTTP/1.1\r\n',
  'POST /p?q HTTP/1.1\r\n',
  'HEAD * HTTP/1.1\r\n',
  'PUT http://b/ HTTP/1.1\r\n',
  'GET / HTTP/1.0\r\n',
  'OPTIONS * HTTP/1.1\r\n',
  'get / HTTP/1.1\r\n',
  '\r\nGET / HTTP/1.1\r\n',
  'GET /a b HTTP/1.1\r\n',
);
const statusLine = fc.constantFrom(
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 204 No\r\n',
  'HTTP/1.1 304 No\r\n',
  'HTTP/1.1 103 Hints\r\n',
  'HTTP/1.0 200 OK\r\n',
  'HTTP/1.1 500\r\n',
  'HTTP/1.1 101 x\r\n',
  'HTTP/2 200\r\n',
);
const hostLine = fc.constantFrom('Host: a\r\n', 'Host: a\r\n', 'Host: a\r\n', '');
const message = (first: fc.Arbitrary<string>, host: fc.Arbitrary<string>) =>
  fc
    .tuple(first, host, fc.array(line, { maxLength: 4 }), body)
    .map(([start, own, lines, content]) => `${start}${own}${lines.join('')}\r\n${content}`);
/** Some bytes of it changed, dropped or added, so that faults fall anywhere. */
const noisy = (text: fc.Arbitrary<string>) =>
  fc
    .tuple(
      text,
      fc.array(fc.tuple(fc.nat(), fc.constantFrom('', '\r', '\n', ' ', ':', '\0', 'x', '1')), { maxLength: 2 }),
    )
    .map(([whole, changes]) => {
      let changed = whole;
      for (const [at, char] of changes) {
        const index = at % (changed.length + 1);
        changed = changed.slice(0, index) + char + changed.slice(index + (at % 2));
      }
      return Buffer.from(changed, 'latin1');
    });
const requests = noisy(
  fc.array(message(requestLine, hostLine), { minLength: 1, maxLength: 4 }).map((all) => all.join('')),
);
const responses = noisy(
  fc.array(message(statusLine, fc.constant('')), { minLength: 1, maxLength: 3 }).map((all) => all.join('')),
);
const cuts = fc.array(fc.nat(), { maxLength: 12 });
const runs = { numRuns: 3000 };

describe('what these properties are tried on', () => {
  it('is accepted often and refused often', () => {
    const served = fc.sample(requests, { numRuns: 500, seed: 1 }).map((bytes) => serve(bytes, []));
    expect(served.filter((each) => each.requests.length > 0).length).toBeGreaterThan(50);
    expect(served.filter((each) => each.refused.length > 0).length).toBeGreaterThan(50);
    const called = fc.sample(responses, { numRuns: 500, seed: 1 }).map((bytes) => call(bytes, [], 'GET', true));
    expect(called.filter((each) => each.isWhole).length).toBeGreaterThan(50);
    expect(called.filter((each) => each.hasFailed).length).toBeGreaterThan(50);
  });
});

describe('ServerConnection', () => {
  it('makes the same of the same bytes, however they are cut', () => {
    fc.assert(
      fc.property(requests, cuts, (bytes, ends) => {
        expect(serve(bytes, ends)).toEqual(serve(bytes, []));
      }),
      runs,
    );
  });

  it('makes the same of them byte by byte', () => {
    const each = (bytes: Buffer) => Array.from({ length: bytes.length }, (_, index) => index);
    fc.assert(
      fc.property(requests, (bytes) => {
        expect(serve(bytes, each(bytes))).toEqual(serve(bytes, []));
      }),
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), cuts, (bytes, ends) => void serve(Buffer.from(bytes), ends)),
      runs,
    );
  });
});

describe('ClientConnection', () => {
  const methods = fc.constantFrom('GET', 'HEAD');

  it('makes the same of the same bytes, however they are cut', () => {
    fc.assert(
      fc.property(responses, cuts, methods, fc.boolean(), (bytes, ends, method, hasEnd) => {
        expect(call(bytes, ends, method, hasEnd)).toEqual(call(bytes, [], method, hasEnd));
      }),
      runs,
    );
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        cuts,
        (bytes, ends) => void call(Buffer.from(bytes), ends, 'GET', true),
      ),
      runs,
    );
  });

  it('never calls an answer whole that was cut off, and never uses a connection again that is owed bytes', () => {
    fc.assert(
      fc.property(responses, methods, (bytes, method) => {
        const { isWhole, isReusable, isClosed } = call(bytes, [], method, false);
        if (isReusable) expect([isWhole, isClosed]).toEqual([true, false]);
      }),
      runs,
    );
  });
});
