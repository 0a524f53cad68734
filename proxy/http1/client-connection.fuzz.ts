import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import type { FuzzTarget } from '../testing/fuzz/fuzz-target.ts';
import { call } from './testing/connection-transcripts.ts';

/** Of larger inputs, how much of a head there is at a fault depends on the cuts. */
const MAX_BYTES = 16_000;

/** An answer is the same wherever its bytes are cut; what was cut off is never whole, and its connection never used again. */
export const clientConnectionTarget: FuzzTarget = {
  name: 'http1-client-connection',
  seeds: [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n',
    'HTTP/1.0 200 OK\r\n\r\nuntil the end',
    'HTTP/1.1 204 No\r\nKeep-Alive: timeout=5\r\n\r\n',
  ],
  tokens: [
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 304 No\r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
    '0\r\n\r\n',
    '3\r\nabc\r\n',
    '\r\n\r\n',
    '\n',
    '\r',
  ],
  run(bytes) {
    const input = Buffer.from(bytes.subarray(0, MAX_BYTES));
    return ['GET', 'HEAD'].map((method) => check(input, method)).join(', ');
  },
};

function check(input: Buffer, method: string): string {
  const whole = call(input, [], method, true);
  for (const step of [1, 7, 64]) {
    const cuts = Array.from({ length: Math.ceil(input.length / step) }, (_, index) => index * step);
    const inPieces = call(input, cuts, method, true);
    if (!isDeepStrictEqual(inPieces, whole)) {
      throw new Error(`at once ${JSON.stringify(whole)}, in pieces of ${step} ${JSON.stringify(inPieces)}`);
    }
  }
  const { isWhole, isReusable, isClosed } = call(input, [], method, false);
  if (isReusable && (!isWhole || isClosed)) throw new Error('a connection that is owed bytes may be used again');
  return `${whole.interims.length > 0} ${whole.isWhole} ${whole.hasFailed} ${isReusable}`;
}
