import type { ConformanceCase } from './conformance-case.ts';
import { OK } from './conformance-case.ts';

const get = (path = '/', lines = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
const ok = (body: string, lines = '') => `HTTP/1.1 200 OK\r\n${lines}Content-Length: ${body.length}\r\n\r\n${body}`;
const hints = (n: number) => `HTTP/1.1 103 Early Hints\r\nLink: </${n}>\r\n\r\n`;
const interim = '9110 15.2';
const pipelining = '9112 9.3.2';
const expecting = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n';

/** What takes more than one message, or more than one connection. */
export const exchanges: readonly ConformanceCase[] = [
  {
    name: 'answers pipelined requests in order, one at a time',
    source: pipelining,
    steps: [
      ['client sends', get('/1') + get('/2') + get('/3')],
      ['upstream gets', get('/1')],
      ['upstream sends', ok('one')],
      ['client gets', ok('one')],
      ['upstream gets', get('/1') + get('/2')],
      ['upstream sends', ok('two')],
      ['upstream gets', get('/1') + get('/2') + get('/3')],
      ['upstream sends', ok('three')],
      ['client gets', ok('one') + ok('two') + ok('three')],
      ['client open'],
      ['upstream kept'],
    ],
  },
  {
    name: 'pipelines behind bodies of both kinds',
    source: pipelining,
    steps: [
      [
        'client sends',
        'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none' +
          'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n' +
          get('/3'),
      ],
      [
        'upstream gets',
        'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none' +
          'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n' +
          get('/3'),
      ],
      ['client gets', OK + OK + OK],
      ['client open'],
    ],
  },
  {
    name: 'judges a pipelined request by itself',
    source: pipelining,
    steps: [
      ['client sends', `${get('/1')}GET /private HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`],
      ['upstream gets', get('/1')],
      ['upstream sends', OK],
      ['client is answered', 200, 400],
      ['client closed'],
      ['upstream gets', get('/1')],
    ],
  },
  {
    name: 'answers nothing that comes after a request to close',
    source: '9112 9.6',
    steps: [
      ['client sends', get('/1', 'Connection: close\r\n') + get('/2')],
      ['upstream gets', get('/1')],
      ['client gets', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nconnection: close\r\n\r\nok'],
      ['client closed'],
      ['upstream gets', get('/1')],
    ],
  },
  {
    name: 'takes a body that arrives after its head',
    source: '9112 6.3',
    steps: [
      ['client sends', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n'],
      ['upstream gets', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n'],
      ['client sends', 'bo'],
      ['upstream gets', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo'],
      ['client sends', 'dy'],
      ['upstream gets', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody'],
      ['client gets', OK],
      ['client open'],
      ['upstream kept'],
    ],
  },
  {
    name: 'cuts off a request whose chunks turn out to be malformed',
    source: '9112 7.1',
    steps: [
      ['client sends', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n'],
      ['upstream gets', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n'],
      ['client sends', '0x2\r\ncd\r\n0\r\n\r\n'],
      ['client is answered', 400],
      ['client closed'],
      ['upstream closed'],
      ['upstream gets', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n'],
    ],
  },
  {
    name: 'gives up what a client asked for that goes away',
    source: '9112 9.5',
    steps: [
      ['client sends', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n`],
      ['upstream gets', `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n`],
      ['client resets'],
      ['upstream closed'],
    ],
  },
  {
    name: 'forwards the end of an answer that ends with its connection as a last chunk',
    source: '9112 6.3',
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream sends', 'HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nabc'],
      ['client gets', 'HTTP/1.1 200 OK\r\nX-A: 1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n'],
      ['upstream ends'],
      ['client gets', 'HTTP/1.1 200 OK\r\nX-A: 1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
      ['client open'],
    ],
  },
  {
    name: 'never makes an answer look whole that broke off in its length',
    source: '9112 8',
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream sends', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
      ['client gets', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
      ['upstream ends'],
      ['client closed'],
      ['client gets', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
    ],
  },
  {
    name: 'never makes an answer look whole that broke off in its chunks',
    source: '9112 8',
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream sends', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
      ['client gets', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
      ['upstream ends'],
      ['client closed'],
      ['client gets', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ],
  },
  {
    name: 'cuts off an answer whose chunks turn out to be malformed',
    source: '9112 7.1',
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream sends', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
      ['client gets', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
      ['upstream sends', '3\nabc\r\n0\r\n\r\n'],
      ['client closed'],
      ['upstream closed'],
    ],
  },
  {
    name: 'answers 503 when the upstream closes without an answer',
    source: '9112 9.5',
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream ends'],
      ['client is answered', 503],
      ['client open'],
    ],
  },
  {
    name: 'answers 503 when the upstream closes in the middle of a head',
    source: '9112 8',
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream sends', 'HTTP/1.1 200 OK\r\nContent-Le'],
      ['upstream ends'],
      ['client is answered', 503],
      ['client open'],
    ],
  },
  {
    name: 'never uses a connection again on which something came after the answer',
    source: '9112 9.2',
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream sends', OK],
      ['client gets', OK],
      ['upstream sends', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'],
      ['upstream closed'],
      ['client open'],
    ],
  },

  {
    name: 'forwards 103 and then the answer',
    source: interim,
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream sends', hints(1)],
      ['client gets', hints(1)],
      ['upstream sends', hints(2) + OK],
      ['client gets', hints(1) + hints(2) + OK],
      ['client open'],
      ['upstream kept'],
    ],
  },
  {
    name: 'forwards an interim answer that nobody knows',
    source: interim,
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream sends', `HTTP/1.1 199 Soon\r\n\r\n${OK}`],
      ['client gets', `HTTP/1.1 199 Soon\r\n\r\n${OK}`],
      ['client open'],
      ['upstream kept'],
    ],
  },
  {
    name: 'takes the length off an interim answer',
    source: '9110 8.6',
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream sends', `HTTP/1.1 103 x\r\nContent-Length: 5\r\n\r\n${OK}`],
      ['client gets', `HTTP/1.1 103 x\r\n\r\n${OK}`],
      ['client open'],
    ],
  },
  {
    name: 'forwards 100 interim answers and refuses the next',
    source: interim,
    steps: [
      ['client sends', get()],
      ['upstream gets', get()],
      ['upstream sends', hints(0).repeat(100)],
      ['client is answered', ...Array.from({ length: 100 }, () => 103)],
      ['upstream sends', hints(0).repeat(900)],
      ['client is answered', ...Array.from({ length: 100 }, () => 103), 502],
      ['upstream closed'],
      ['client open'],
    ],
  },
  {
    name: 'forwards 100 and then the body',
    source: '9110 10.1.1',
    steps: [
      ['client sends', expecting],
      ['upstream gets', expecting],
      ['upstream sends', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['client gets', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['client sends', 'ok'],
      ['upstream gets', `${expecting}ok`],
      ['upstream sends', OK],
      ['client gets', `HTTP/1.1 100 Continue\r\n\r\n${OK}`],
      ['client open'],
      ['upstream kept'],
    ],
  },
  {
    name: 'forwards a refusal in place of 100, and closes what is still owed a body',
    source: '9110 10.1.1',
    steps: [
      ['client sends', expecting],
      ['upstream gets', expecting],
      ['upstream sends', 'HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n'],
      ['client gets', 'HTTP/1.1 413 No\r\nContent-Length: 0\r\nconnection: close\r\n\r\n'],
      ['client closed'],
      ['upstream closed'],
    ],
  },
  {
    name: 'takes a body that did not wait for 100',
    source: '9110 10.1.1',
    steps: [
      ['client sends', `${expecting}ok`],
      ['upstream gets', `${expecting}ok`],
      ['upstream sends', `HTTP/1.1 100 Continue\r\n\r\n${OK}`],
      ['client gets', `HTTP/1.1 100 Continue\r\n\r\n${OK}`],
      ['client open'],
      ['upstream kept'],
    ],
  },
  {
    name: 'forwards an answer that comes before the body ends, and does not lose it',
    source: '9112 9.3',
    steps: [
      ['client sends', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome'],
      ['upstream gets', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome'],
      ['upstream sends', 'HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno'],
      ['client gets', 'HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nconnection: close\r\n\r\nno'],
      ['client closed'],
      ['upstream closed'],
    ],
  },
];
