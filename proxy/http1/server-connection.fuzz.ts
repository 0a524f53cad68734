import { Buffer } from 'node:buffer';
import { isDeepStrictEqual } from 'node:util';
import type { FuzzTarget } from '../testing/fuzz/fuzz-target.ts';
import { serve } from './testing/connection-transcripts.ts';

/** Whole requests and their answers are the same wherever the bytes are cut. Beyond this size, limits tell cuts apart. */
const MAX_BYTES = 16_000;

export const serverConnectionTarget: FuzzTarget = {
  name: 'http1-server-connection',
  seeds: [
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /3 HTTP/1.1\r\nHost: a\r\n\r\n',
    'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\nHEAD / HTTP/1.0\r\n\r\n',
    '\r\n\r\nGET http://b/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly',
    'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
  ],
  tokens: [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
    '0\r\n\r\n',
    '3\r\nabc\r\n',
    '\r\n',
    '\n',
    '\r',
    ' HTTP/1.0\r\n',
  ],
  run(bytes) {
    const input = Buffer.from(bytes.subarray(0, MAX_BYTES));
    const whole = serve(input, []);
    for (const step of [1, 7, 64]) {
      const cuts = Array.from({ length: Math.ceil(input.length / step) }, (_, index) => index * step);
      const inPieces = serve(input, cuts);
      if (!isDeepStrictEqual(inPieces, whole)) {
        throw new Error(`at once ${JSON.stringify(whole)}, in pieces of ${step} ${JSON.stringify(inPieces)}`);
      }
    }
    return `${Math.min(5, whole.requests.length)} ${whole.refused.join()} ${whole.isClosed}`;
  },
};
