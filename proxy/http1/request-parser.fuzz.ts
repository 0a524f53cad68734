import { Buffer } from 'node:buffer';
import { isForgedSpelling } from '../../proto/protected-headers.ts';
import { isAuthority } from '../message/authority.ts';
import { RequestHead } from '../message-head.ts';
import type { FuzzTarget } from '../testing/fuzz/fuzz-target.ts';
import { defaultHeadLimits, withRoomForSidecar } from './head-limits.ts';
import { findEarlyFault } from './partial-head.ts';
import { RequestParser } from './request-parser.ts';

const hopByHop = ['connection', 'http2-settings', 'keep-alive', 'proxy-connection', 'te', 'upgrade'];
const headLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t\x20-\x7e\x80-\xff]*$/;

/** A request head that is accepted is safe to forward, and reads the same wherever it is read again. */
export const requestParserTarget: FuzzTarget = {
  name: 'http1-request-parser',
  seeds: [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST /a?b=c HTTP/1.1\r\nHost: a.b:80\r\nContent-Length: 5\r\nConnection: close, x-one\r\nX-One: 1\r\n\r\n',
    'PUT http://b/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\nTE: trailers\r\nUpgrade: websocket\r\nKeep-Alive: timeout=5\r\n\r\n',
    'CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n',
    'GET / HTTP/1.0\r\nConnection: keep-alive\r\nX-Heddle-Peer: a;b;c;d;e\r\nX_Forwarded_For: 1\r\n\r\n',
  ],
  tokens: [
    'Host: b\r\n',
    'Content-Length: 1\r\n',
    'Content_Length: 1\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: gzip, chunked\r\n',
    'Connection: close, host, content-length, x-envoy-a\r\n',
    'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n',
    'X-Envoy-Attempt-Count: 1\r\n',
    'x-forwarded_client_cert: 1\r\n',
    'X-Request-Id: 1\r\n',
    'Expect: 100-continue\r\n',
    ' HTTP/1.0\r\n',
    ' HTTP/2.0\r\n',
    'http://',
    '%00',
    '\r\n',
    '\r\n\r\n',
    '\r\n ',
    ' :',
  ],
  run(bytes) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    const end = text.indexOf('\r\n\r\n') + 4;
    if (end === 3) return `unfinished ${findEarlyFault(text, 0, defaultHeadLimits)}`;
    const asSidecar = new RequestParser('sidecar').parse(text, end, new RequestHead());
    const head = new RequestHead();
    const failure = new RequestParser('application').parse(text, end, head);
    if (failure !== asSidecar) throw new Error(`trust changes the verdict: ${failure}, ${asSidecar}`);
    if (failure !== null) return failure;
    checkPrefixes(text, end);
    checkBlock(head);
    checkTarget(head);
    checkAgain(head);
    return `${head.framing} ${head.keepAlive} ${head.path.slice(0, 1)} ${head.isAbsoluteForm} ${head.method === 'CONNECT'}`;
  },
};

/** What becomes a valid head must not be refused while it arrives. */
function checkPrefixes(text: string, end: number): void {
  let from = 0;
  for (const length of [1, 2, 3, 4, 5, 8, 13, 21, 34, 55, 89, 144, 233, end - 4, end - 3, end - 2, end - 1]) {
    if (length <= from || length >= end) continue;
    const fault = findEarlyFault(text.slice(0, length), from, defaultHeadLimits);
    if (fault !== null) throw new Error(`${fault} after ${length} bytes of a valid head`);
    from = length;
  }
}

function checkBlock(head: RequestHead): void {
  const lines = head.block.split('\r\n');
  if (lines.pop() !== '') throw new Error('the block does not end in CRLF');
  const names = lines.map((line) => headLine.exec(line)?.[1]?.toLowerCase() ?? `malformed ${line}`);
  const count = (name: string) => names.filter((each) => each === name).length;
  const malformed = names.find((name) => name.startsWith('malformed'));
  if (malformed !== undefined) throw new Error(malformed);
  for (const name of hopByHop) if (count(name) > 0) throw new Error(`${name} is forwarded`);
  for (const name of names) {
    if (name.startsWith('x-heddle-') || isForgedSpelling(name)) throw new Error(`${name} is forwarded`);
  }
  if (count('host') > 1) throw new Error('two hosts');
  if (count('content-length') > 1 || count('transfer-encoding') > 1) throw new Error('two framings');
  if (count('transfer-encoding') !== (head.framing === 'chunked' ? 1 : 0)) throw new Error('chunked, or not?');
  if (head.framing === 'length' && count('content-length') !== 1) throw new Error('a length that is not told');
  if (head.framing !== 'length' && /^content-length:(?!\s*0+\s*$)/im.test(head.block)) throw new Error('a lost length');
}

function checkTarget(head: RequestHead): void {
  if (head.authority !== '' && !isAuthority(head.authority)) throw new Error(`authority ${head.authority}`);
  if (/[^!"$-~]/.test(head.path)) throw new Error(`path ${head.path}`);
  const isPath = head.path.startsWith('/') || (head.path === '*' && head.method === 'OPTIONS');
  if (!isPath && !(head.method === 'CONNECT' && head.path.includes(':'))) throw new Error(`path ${head.path}`);
}

/** The next proxy in the chain must see the same request. */
function checkAgain(head: RequestHead): void {
  const host = /^host:/im.test(head.block) ? '' : 'host: a\r\n';
  const sent = `${head.method} ${head.path} HTTP/1.1\r\n${host}${head.block}\r\n`;
  const again = new RequestHead();
  const failure = new RequestParser('sidecar', withRoomForSidecar(defaultHeadLimits)).parse(sent, sent.length, again);
  if (failure !== null) throw new Error(`the next hop refuses it: ${failure}`);
  const same: (keyof RequestHead)[] = ['method', 'path', 'framing', 'contentLength', 'expectsContinue', 'requestId'];
  for (const key of same) {
    if (again[key] !== head[key]) throw new Error(`${key}: ${String(head[key])}, then ${String(again[key])}`);
  }
  if (again.block !== host + head.block) throw new Error(`block: ${head.block}, then ${again.block}`);
  if (host === '' && again.authority !== head.authority) throw new Error('another authority');
}
