import type { ConformanceCase } from './conformance-case.ts';
import { forwarded, OK } from './conformance-case.ts';

const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const get = (lines: string) => `GET /chat HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
const asks = get(`Connection: Upgrade\r\nUpgrade: websocket\r\n${key}`);
const reaches = get(`${key}connection: Upgrade\r\nupgrade: websocket\r\n`);
const accept = 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n';
const switches = `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${accept}\r\n`;
const gets = `HTTP/1.1 101 Switching Protocols\r\n${accept}connection: Upgrade\r\nupgrade: websocket\r\n\r\n`;
const upgrade = '9110 7.8';

/** An offer that is not taken up: the request goes on without it. */
function ignored(source: string, name: string, bytes: string, without: string): ConformanceCase {
  return forwarded(source, name, bytes, without);
}

/** Changing to another protocol (RFC 9110 section 7.8, RFC 6455, RFC 9931). */
export const upgrades: readonly ConformanceCase[] = [
  {
    name: 'turns both connections into a tunnel after 101',
    source: upgrade,
    steps: [
      ['client sends', asks],
      ['upstream gets', reaches],
      ['upstream sends', switches],
      ['client gets', gets],
      ['client sends', 'GET / HTTP/1.1\r\n\r\n\0\xff'],
      ['upstream gets', `${reaches}GET / HTTP/1.1\r\n\r\n\0\xff`],
      ['upstream sends', 'HTTP/1.1 200 OK\r\n\r\nmore\0'],
      ['client gets', `${gets}HTTP/1.1 200 OK\r\n\r\nmore\0`],
      ['client ends'],
      ['upstream ended'],
      ['upstream sends', 'last'],
      ['upstream ends'],
      ['client closed'],
      ['client gets', `${gets}HTTP/1.1 200 OK\r\n\r\nmore\0last`],
      ['upstream closed'],
      ['upstream not kept'],
    ],
  },
  {
    name: 'goes on from the client when the upstream has ended',
    source: upgrade,
    steps: [
      ['client sends', asks],
      ['upstream gets', reaches],
      ['upstream sends', `${switches}bye`],
      ['upstream ends'],
      ['client gets', `${gets}bye`],
      ['client ended'],
      ['client sends', 'still here'],
      ['upstream gets', `${reaches}still here`],
      ['client ends'],
      ['client closed'],
      ['upstream closed'],
    ],
  },
  {
    name: 'cuts the client off when the upstream resets a tunnel',
    source: upgrade,
    steps: [
      ['client sends', asks],
      ['upstream gets', reaches],
      ['upstream sends', switches],
      ['client gets', gets],
      ['upstream resets'],
      ['client closed'],
    ],
  },
  {
    name: 'cuts the upstream off when the client resets a tunnel',
    source: upgrade,
    steps: [
      ['client sends', asks],
      ['upstream gets', reaches],
      ['upstream sends', switches],
      ['client gets', gets],
      ['client resets'],
      ['upstream closed'],
    ],
  },
  {
    name: 'holds what comes before 101 back until then',
    source: '9931 4',
    steps: [
      ['client sends', `${asks}early\0bytes`],
      ['upstream gets', reaches],
      ['client sends', ' and more'],
      ['upstream gets', reaches],
      ['upstream sends', switches],
      ['client gets', gets],
      ['upstream gets', `${reaches}early\0bytes and more`],
    ],
  },
  {
    name: 'closes when the upgrade is refused and bytes of the other protocol are there',
    source: '9931 6',
    steps: [
      ['client sends', `${asks}GET /private HTTP/1.1\r\nHost: a\r\n\r\n`],
      ['upstream gets', reaches],
      ['upstream sends', OK],
      ['client gets', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: close\r\n\r\nok'],
      ['client closed'],
      ['upstream gets', reaches],
      ['upstream kept'],
    ],
  },
  {
    name: 'goes on with requests when the upgrade is refused',
    source: upgrade,
    steps: [
      ['client sends', asks],
      ['upstream gets', reaches],
      ['upstream sends', 'HTTP/1.1 400 Bad Key\r\nContent-Length: 0\r\n\r\n'],
      ['client gets', 'HTTP/1.1 400 Bad Key\r\nContent-Length: 0\r\n\r\n'],
      ['client open'],
      ['upstream kept'],
    ],
  },
  {
    name: 'forwards interim answers before 101',
    source: '9110 15.2',
    steps: [
      ['client sends', asks],
      ['upstream gets', reaches],
      ['upstream sends', `HTTP/1.1 103 Early Hints\r\n\r\n${switches}`],
      ['client gets', `HTTP/1.1 103 Early Hints\r\n\r\n${gets}`],
      ['client sends', 'x'],
      ['upstream gets', `${reaches}x`],
    ],
  },
  {
    name: 'leaves a malformed WebSocket key to the application',
    source: 'RFC 6455 4.2.2',
    steps: [
      ['client sends', get('Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: bad\r\n')],
      ['upstream gets', get('Sec-WebSocket-Key: bad\r\nconnection: Upgrade\r\nupgrade: websocket\r\n')],
      ['upstream sends', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
      ['client gets', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
      ['client open'],
    ],
  },
  {
    name: 'believes no 101 to another protocol',
    source: upgrade,
    steps: [
      ['client sends', asks],
      ['upstream gets', reaches],
      ['upstream sends', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
      ['client is answered', 502],
      ['upstream closed'],
      ['client open'],
    ],
  },
  {
    name: 'believes no 101 without Connection: Upgrade',
    source: upgrade,
    steps: [
      ['client sends', asks],
      ['upstream gets', reaches],
      ['upstream sends', `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n${accept}\r\n`],
      ['client is answered', 502],
      ['upstream closed'],
      ['client open'],
    ],
  },
  ignored(
    '9113 3.1',
    'Upgrade: h2c',
    get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'),
    get(''),
  ),
  ignored(upgrade, 'Upgrade: TLS/1.2', get('Connection: upgrade\r\nUpgrade: TLS/1.2\r\n'), get('')),
  ignored(upgrade, 'a list of protocols', get('Connection: upgrade\r\nUpgrade: websocket, h2c\r\n'), get('')),
  ignored(
    upgrade,
    'two lines of protocols',
    get('Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n'),
    get(''),
  ),
  ignored(upgrade, 'Upgrade without Connection', get('Upgrade: websocket\r\n'), get('')),
  ignored(upgrade, 'Connection: upgrade without Upgrade', get('Connection: upgrade\r\n'), get('')),
  {
    name: 'ignores an upgrade of HTTP/1.0',
    source: upgrade,
    steps: [
      ['client sends', 'GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
      ['upstream gets', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['client closed'],
    ],
  },
  ignored(
    upgrade,
    'an upgrade in a POST',
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nx',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx',
  ),
];
