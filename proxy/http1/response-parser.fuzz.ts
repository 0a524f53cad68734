import { Buffer } from 'node:buffer';
import { ResponseHead } from '../message-head.ts';
import type { FuzzTarget } from '../testing/fuzz/fuzz-target.ts';
import { isResponseBeginning, ResponseParser } from './response-parser.ts';

const headLine = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/;

/** A response head that is accepted is safe to forward, and reads the same wherever it is read again. */
export const responseParserTarget: FuzzTarget = {
  name: 'http1-response-parser',
  seeds: [
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n',
    'HTTP/1.1 204\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n',
    'HTTP/1.0 404 Not Found\r\nConnection: keep-alive, x-a\r\nX-A: 1\r\nContent-Length: 10\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  ],
  tokens: [
    'Content-Length: 1\r\n',
    'Content-Length: 1, 1\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: gzip\r\n',
    'Connection: content-length, transfer-encoding, x-a\r\n',
    'Keep-Alive: timeout=5, max=100\r\n',
    'Set-Cookie: a=b\r\n',
    'X_Envoy_A: 1\r\n',
    'HTTP/1.1 304 x\r\n',
    'HTTP/1.1 100\r\n',
    '\r\n',
    '\r\n\r\n',
    '\r\n\t',
  ],
  run(bytes) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    const end = text.indexOf('\r\n\r\n') + 4;
    if (end === 3) return `unfinished ${isResponseBeginning(text)}`;
    const outcomes = ['GET', 'HEAD'].map((method) => check(text, end, method));
    return outcomes.join(', ');
  },
};

function check(text: string, end: number, method: string): string {
  const head = parse(text, end, method);
  if (head === null) return 'refused';
  const lines = head.block.split('\r\n');
  if (lines.pop() !== '') throw new Error('the block does not end in CRLF');
  for (const line of lines) if (!headLine.test(line)) throw new Error(`malformed ${line}`);
  for (let length = 1; length < Math.min(end, 100); length++) {
    if (!isResponseBeginning(text.slice(0, length))) throw new Error(`refused after ${length} bytes of a valid head`);
  }
  if (head.status < 100 || head.status > 599) throw new Error(`status ${head.status}`);
  const hasNoBody = method === 'HEAD' || head.status < 200 || head.status === 204 || head.status === 304;
  if (hasNoBody && head.framing !== (head.status === 101 ? 'tunnel' : 'none'))
    throw new Error(`${head.status} to ${method} has a body`);
  if ((head.status < 200 || head.status === 204) && /^(content-length|transfer-encoding):/im.test(head.block)) {
    throw new Error('tells the length of a body that it cannot have');
  }
  const sent = `HTTP/1.1 ${head.status} ${head.reason}\r\n${head.block}\r\n`;
  const again = parse(sent, sent.length, method);
  if (again === null) throw new Error('the next hop refuses it');
  if (again.block !== head.block || again.framing !== head.framing || again.contentLength !== head.contentLength) {
    throw new Error(`${JSON.stringify(head)}, then ${JSON.stringify(again)}`);
  }
  return `${Math.floor(head.status / 100)} ${head.framing} ${head.keepAlive}`;
}

function parse(text: string, end: number, method: string): ResponseHead | null {
  const head = new ResponseHead();
  return new ResponseParser().parse(text, 0, end, method, head) ? head : null;
}
