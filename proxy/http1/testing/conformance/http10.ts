import type { ConformanceCase } from './conformance-case.ts';
import { OK } from './conformance-case.ts';

const host = 'host: test.default.svc.cluster.local\r\n';
const reaches = (lines = '') => `GET / HTTP/1.1\r\n${host}${lines}\r\n`;
const persistence = '9112 9.3';

/** Clients of HTTP/1.0: no Host needed, no chunks, no interim answers, and a connection that ends unless they ask otherwise. */
export const http10: readonly ConformanceCase[] = [
  {
    name: 'takes HTTP/1.0 without Host, and closes',
    source: persistence,
    steps: [
      ['client sends', 'GET / HTTP/1.0\r\n\r\n'],
      ['upstream gets', reaches()],
      ['client gets', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: close\r\n\r\nok'],
      ['client closed'],
      ['upstream kept'],
    ],
  },
  {
    name: 'takes HTTP/1.0 with Host',
    source: persistence,
    steps: [
      ['client sends', 'GET / HTTP/1.0\r\nHost: b\r\n\r\n'],
      ['upstream gets', 'GET / HTTP/1.1\r\nHost: b\r\n\r\n'],
      ['client gets', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: close\r\n\r\nok'],
      ['client closed'],
    ],
  },
  {
    name: 'keeps HTTP/1.0 open when it asks for it',
    source: persistence,
    steps: [
      ['client sends', 'GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n'],
      ['upstream gets', reaches()],
      ['client gets', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: keep-alive\r\n\r\nok'],
      ['client open'],
    ],
  },
  {
    name: 'closes HTTP/1.0 that asks for both',
    source: persistence,
    steps: [
      ['client sends', 'GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n'],
      ['upstream gets', reaches()],
      ['client closed'],
    ],
  },
  {
    name: 'takes chunks off for HTTP/1.0',
    source: '9112 7.1',
    steps: [
      ['client sends', 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'],
      ['upstream gets', reaches()],
      ['upstream sends', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n2\r\nab\r\n'],
      ['client gets', 'HTTP/1.1 200 OK\r\nX-A: 1\r\nconnection: close\r\n\r\nab'],
      ['upstream sends', '1;x=y\r\nc\r\n0\r\nX-Trailer: 1\r\n\r\n'],
      ['client closed'],
      ['client gets', 'HTTP/1.1 200 OK\r\nX-A: 1\r\nconnection: close\r\n\r\nabc'],
      ['upstream kept'],
    ],
  },
  {
    name: 'ends an answer to HTTP/1.0 with the connection where the upstream does',
    source: '9112 6.3',
    steps: [
      ['client sends', 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'],
      ['upstream gets', reaches()],
      ['upstream sends', 'HTTP/1.0 200 OK\r\n\r\nabc'],
      ['upstream ends'],
      ['client closed'],
      ['client gets', 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nabc'],
    ],
  },
  {
    name: 'keeps interim answers from HTTP/1.0',
    source: '9110 15.2',
    steps: [
      ['client sends', 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'],
      ['upstream gets', reaches()],
      ['upstream sends', `HTTP/1.1 103 Early Hints\r\n\r\n${OK}`],
      ['client gets', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: keep-alive\r\n\r\nok'],
      ['client open'],
    ],
  },
  {
    name: 'takes a body of HTTP/1.0 by its length',
    source: '9112 6.3',
    steps: [
      ['client sends', 'POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nok'],
      ['upstream gets', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok'],
      ['client gets', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: close\r\n\r\nok'],
      ['client closed'],
    ],
  },
];
