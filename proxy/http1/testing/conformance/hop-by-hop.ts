import type { ConformanceCase } from './conformance-case.ts';
import { forwarded, OK } from './conformance-case.ts';

const get = (lines: string) => `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
const named = '9110 7.6.1';
const ours = 'trust in headers';

/** A header that is not forwarded. */
function cut(source: string, line: string): ConformanceCase {
  return forwarded(
    source,
    `forwards the request without ${line.trim()}`,
    get(`X-A: 1\r\n${line}X-B: 2\r\n`),
    get('X-A: 1\r\nX-B: 2\r\n'),
  );
}

/** A header that is forwarded although `Connection` names it. */
function notRemoved(line: string): ConformanceCase {
  const name = line.slice(0, line.indexOf(':'));
  return forwarded(
    named,
    `Connection cannot remove ${name}`,
    get(`Connection: ${name.toLowerCase()}\r\n${line}`),
    get(line),
  );
}

/** What is for one connection only, and what proxies say of a request (RFC 9110 section 7.6.1). */
export const hopByHop: readonly ConformanceCase[] = [
  cut(named, 'Connection: keep-alive\r\n'),
  cut(named, 'Keep-Alive: timeout=5\r\n'),
  cut(named, 'Proxy-Connection: keep-alive\r\n'),
  cut('9110 10.1.4', 'TE: trailers\r\n'),
  cut('9110 7.8', 'Upgrade: h2c\r\n'),
  cut('9113 3.1', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n'),
  cut(ours, 'X-Forwarded-Client-Cert: By=spiffe://x\r\n'),
  cut(ours, 'x_forwarded_client_cert: By=spiffe://x\r\n'),
  cut(ours, 'X-Forwarded_Client-Cert: By=spiffe://x\r\n'),
  cut(ours, 'X_Forwarded_For: 10.0.0.1\r\n'),
  cut(ours, 'x-forwarded_for: 10.0.0.1\r\n'),
  cut(ours, 'X_Forwarded_Host: b\r\n'),
  cut(ours, 'X_Envoy_Original_Path: /b\r\n'),
  cut(ours, 'X-Envoy_Peer-Metadata: b\r\n'),
  cut(ours, 'X_Request_Id: 1\r\n'),
  cut(ours, 'X_Real_IP: 10.0.0.1\r\n'),
  cut(ours, 'X-Heddle-Anything: 1\r\n'),
  cut(ours, 'X-Heddle-: 1\r\n'),
  cut(ours, 'X_Heddle-Peer: a\r\n'),
  cut(ours, 'X-Envoy-Attempt-Count: 7\r\n'),
  cut(ours, 'Content_Length: 5\r\n'),
  cut(ours, 'Transfer_Encoding: chunked\r\n'),
  forwarded(
    ours,
    'other names with underscores',
    get('X_Other: 1\r\nmy_header: 2\r\n'),
    get('X_Other: 1\r\nmy_header: 2\r\n'),
  ),
  forwarded(ours, 'X-Forwarded-For itself', get('X-Forwarded-For: 10.0.0.1\r\n'), get('X-Forwarded-For: 10.0.0.1\r\n')),
  forwarded(
    named,
    'removes what Connection names',
    get('Connection: x-one, X-TWO ,,x-absent\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n'),
    get('X-Three: 3\r\n'),
  ),
  forwarded(
    named,
    'removes what several Connection lines name',
    get('Connection: x-one\r\nX-One: 1\r\nX-Two: 2\r\nConnection: x-two\r\n'),
    get(''),
  ),
  forwarded(named, 'Connection cannot remove Host', get('Connection: host, Host\r\n'), get('')),
  notRemoved('X-Forwarded-For: 10.0.0.1\r\n'),
  notRemoved('X-Forwarded-Proto: https\r\n'),
  notRemoved('X-Forwarded-Port: 443\r\n'),
  notRemoved('X-Envoy-Original-Path: /b\r\n'),
  notRemoved('X-Request-Id: 1\r\n'),
  notRemoved('Authorization: Bearer t\r\n'),
  notRemoved('Cookie: a=b\r\n'),
  notRemoved('Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n'),
  forwarded(
    named,
    'Connection cannot remove Content-Length',
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 1\r\n\r\nx`,
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx`,
  ),
  forwarded(
    named,
    'Connection cannot remove Transfer-Encoding',
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ),
  {
    name: 'closes after the answer when the client asks for it, and keeps the upstream',
    source: '9112 9.6',
    steps: [
      ['client sends', get('Connection: Close\r\n')],
      ['upstream gets', get('')],
      ['client gets', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: close\r\n\r\nok'],
      ['client closed'],
      ['upstream kept'],
    ],
  },
  {
    name: 'drops what the upstream says for one connection only',
    source: named,
    steps: [
      ['client sends', get('')],
      ['upstream gets', get('')],
      [
        'upstream sends',
        'HTTP/1.1 200 OK\r\nConnection: keep-alive, x-one\r\nKeep-Alive: timeout=60\r\nX-One: 1\r\nX-Two: 2\r\nContent-Length: 2\r\n\r\nok',
      ],
      ['client gets', OK.replace('Content', 'X-Two: 2\r\nContent')],
      ['client open'],
      ['upstream kept'],
    ],
  },
];
