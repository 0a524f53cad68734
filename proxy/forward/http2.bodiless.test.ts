import { once } from 'node:events';
import type { Http2Server } from 'node:http2';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { startForwarder } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A forwarder to an application of HTTP/2 whose answers have no body and do not say so but by their end. */
async function start(): Promise<number> {
  const server: Http2Server = createServer();
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': Number(String(headers[':path']).slice(1)) }, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  const forwarder = await startForwarder([(server.address() as AddressInfo).port], {
    cluster: { upstreamProtocol: 'http2' },
  });
  closers.push(() => forwarder.close());
  return forwarder.port;
}

it.each([
  ['GET', 200, true],
  ['POST', 201, true],
  ['GET', 503, true],
  ['HEAD', 200, false],
  ['GET', 204, false],
  ['GET', 304, false],
])('tells a client of HTTP/1 where the answer to %s with %i ends: %s', async (method, status, isTold) => {
  const port = await start();
  const request = `${method} /${status} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const answers = await sendRaw(port, request + request, (text) => text.split('\r\n\r\n').length === 3);
  expect(answers.text.match(/^HTTP\/1\.1 /gm)).toHaveLength(2); // the second on the same connection
  expect(answers.text.match(/^content-length: 0\r$/gm)).toEqual(isTold ? Array(2).fill('content-length: 0\r') : null);
  expect(answers.text).not.toContain('transfer-encoding');
});

it('tells a client of HTTP/1.0 the same, and keeps its connection where it asked for that', async () => {
  const port = await start();
  const request = 'GET /200 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
  const answer = await sendRaw(port, request, (text) => text.endsWith('\r\n\r\n'));
  expect(answer.text).toContain('content-length: 0\r\nconnection: keep-alive\r\n');
});
