import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { startForwarder } from '../testing/forwarder.ts';
import { holderOf } from '../testing/mesh-identity.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const piece = randomBytes(65_536);
const PIECES = 640; // 40 MiB

/** Sends as fast as it is taken; how many pieces it has got rid of. */
async function startFastSender() {
  const sender = { port: 0, pieces: 0 };
  const push = (response: ServerResponse): void => {
    while (sender.pieces < PIECES) {
      sender.pieces++;
      if (!response.write(piece)) {
        response.once('drain', () => push(response));
        return;
      }
    }
    response.end();
  };
  const server = createServer((request, response) => {
    if (request.url === '/large') push(response);
    else response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  sender.port = (server.address() as AddressInfo).port;
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return sender;
}

async function ask(session: ClientHttp2Session): Promise<string> {
  let body = '';
  for await (const text of session.request({ ':path': '/' }).setEncoding('latin1')) body += text;
  return body;
}

describe('a client that does not read, over HTTP/2 between sidecars', () => {
  it('stops its sender and nobody else, and gets every byte when it reads', async () => {
    const sender = await startFastSender();
    const mesh = createTestMesh();
    const inbound = await startForwarder([sender.port], { inboundAs: holderOf(mesh, 'cart') });
    const outboundAs = { identity: holderOf(mesh, 'web'), expected: mesh.id('cart') };
    const outbound = await startForwarder([inbound.port], { outboundAs, cluster: { upstreamProtocol: 'http2' } });
    const session = connect(`http://127.0.0.1:${outbound.port}`);
    closers.push(
      () => inbound.close(),
      () => outbound.close(),
      async () => session.destroy(),
    );

    const large = session.request({ ':path': '/large' });
    large.pause();
    await once(large, 'response');
    let before = -1;
    const hasStopped = () => {
      const isSame = sender.pieces === before;
      before = sender.pieces;
      return isSame && before > 0;
    };
    await expect.poll(hasStopped, { interval: 100, timeout: 5000 }).toBe(true);
    // two windows, two queues, and what the kernel takes between the application and its sidecar
    expect(sender.pieces).toBeLessThan(PIECES / 2);
    for (let i = 0; i < 50; i++) expect(await ask(session)).toBe('ok');
    expect([...outbound.cluster.endpoints][0]?.openConnections).toBe(1);
    // however busy the machine was when it seemed to have stopped
    expect(sender.pieces).toBeLessThan(PIECES / 2);

    const received = createHash('sha256');
    for await (const bytes of large) received.update(bytes as Buffer);
    const sent = createHash('sha256');
    for (let i = 0; i < PIECES; i++) sent.update(piece);
    expect(received.digest('hex')).toBe(sent.digest('hex'));
  });
});
