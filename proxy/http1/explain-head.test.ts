import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { explainHead } from './explain-head.ts';
import { defaultHeadLimits } from './head-limits.ts';
import { RequestParser } from './request-parser.ts';
import { headerFields } from './testing/conformance/header-fields.ts';
import { http10 } from './testing/conformance/http10.ts';
import { requestFraming } from './testing/conformance/request-framing.ts';
import { requestLines } from './testing/conformance/request-lines.ts';
import { upgrades } from './testing/conformance/upgrades.ts';

const ending = 'Host: a\r\n\r\n';

/** What the parser says of a whole head; null where it takes it. */
function verdict(text: string): string | null {
  const end = text.indexOf('\r\n\r\n') + 4;
  return end === 3
    ? 'unfinished'
    : new RequestParser('application', defaultHeadLimits).parse(text, end, new RequestHead());
}

describe('explainHead', () => {
  it.each([
    ['GET / HTTP/1.1\nHost: a\n\n', /LF alone/],
    ['\x16\x03\x01\x02\x00', /this is TLS/],
    ['get / HTTP/1.1\r\n', /lower-case/],
    ['(GET / HTTP/1.1\r\n', /does not begin with a method/],
    ['GET /a b HTTP/1.1\r\n', /method, target and version/],
    ['GET /\r\n', /method, target and version/],
    ['GET / http/1.1\r\n', /version/],
    ['GET /a#b HTTP/1.1\r\n', /fragment/],
    ['GET /\xff HTTP/1.1\r\n', /visible ASCII/],
    ['GET /%00 HTTP/1.1\r\n', /NUL/],
    ['GET * HTTP/1.1\r\n', /OPTIONS alone/],
    ['GET abc HTTP/1.1\r\n', /neither a path/],
    ['GET http://u@a/ HTTP/1.1\r\n', /host of the target/],
    ['CONNECT a HTTP/1.1\r\n', /host:port/],
    ['CONNECT a:1 HTTP/1.1\r\nContent-Length: 1\r\n', /CONNECT has a body/],
    ['GET / HTTP/1.1\r\nHost: a\r\n', /two Host/],
    ['GET / HTTP/1.1\r\nA\r\n', /no colon/],
    ['GET / HTTP/1.1\r\n: 1\r\n', /no name/],
    ['GET / HTTP/1.1\r\nA : 1\r\n', /before the colon/],
    ['GET / HTTP/1.1\r\nA: 1\r\n b\r\n', /folds/],
    ['GET / HTTP/1.1\r\nA(: 1\r\n', /no token/],
    ['GET / HTTP/1.1\r\nX-A: \0\r\n', /value of x-a has control/],
    ['POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n', /two Content-Length/],
    ['POST / HTTP/1.1\r\nContent-Length: +1\r\n', /no number/],
    ['POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n', /both/],
    ['POST / HTTP/1.1\r\nTransfer-Encoding: chunked, identity\r\n', /not chunked/],
    ['POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n', /knows no Transfer-Encoding/],
  ])('names the rule that %j breaks', (text, words) => {
    expect(explainHead(`${text}${ending}`)).toMatch(words);
  });

  it.each([
    ['GET / HTTP/1.1\r\nA: 1\r\n\r\n', /no Host/],
    ['GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', /names no host/],
  ])('names the rule that %j breaks', (text, words) => {
    expect(explainHead(text)).toMatch(words);
  });

  it('has a word for every malformed request of the conformance table', () => {
    const cases = [requestLines, headerFields, requestFraming, http10, upgrades].flat();
    const heads = cases.flatMap(({ steps }) =>
      steps.filter(([kind]) => kind === 'client sends').map(([, bytes]) => String(bytes)),
    );
    const malformed = heads.filter((text) => verdict(text) === 'badRequest');
    expect(malformed.length).toBeGreaterThan(80);
    expect(malformed.filter((text) => explainHead(text) === '')).toEqual([]);
  });

  it('finds no fault with what is well-formed', () => {
    const line = fc.constantFrom(
      'X-A: 1\r\n',
      'Content-Length: 5\r\n',
      'X-B:\r\n',
      'Connection: close\r\n',
      'Expect: 100-continue\r\n',
    );
    const first = fc.constantFrom(
      'GET / HTTP/1.1\r\n',
      'OPTIONS * HTTP/1.1\r\n',
      'PUT http://b:1/x HTTP/1.1\r\n',
      'GET / HTTP/1.0\r\n',
    );
    fc.assert(
      fc.property(first, fc.array(line, { maxLength: 4 }), (start, lines) => {
        const text = `${start}${lines.join('')}${ending}`;
        if (verdict(text) === null) expect(explainHead(text)).toBe('');
      }),
    );
  });

  it('throws for nothing', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii', maxLength: 300 }), (text) => void explainHead(text)));
  });
});
