import { once } from 'node:events';
import type { ClientHttp2Session, Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { applyDocuments } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
const closers: (() => void)[] = [];

beforeAll(async () => {
  mesh = await TestMesh.start();
}, 60_000);

afterAll(async () => {
  for (const close of closers) close();
  await mesh?.close();
});

const expectedTime = 'x-envoy-expected-rq-timeout-ms';

describe('the time that a request has', () => {
  it('travels through two hops, and ends the one that nobody waits for any more', async () => {
    const told = { cart: [] as number[], stock: [] as number[] };
    const ofStock: number[] = [];
    let givenUp = 0;
    const stock = await mesh.application((message, response) => {
      told.stock.push(Number(message.headers[expectedTime]));
      response.on('close', () => givenUp++); // it never answers
    });
    const [stockPort, cartPort] = [await freePort(), await freePort()];
    const cart = await mesh.application((message, response) => {
      const time = String(message.headers[expectedTime]);
      told.cart.push(Number(time));
      if (message.url === '/well') {
        response.end('well');
        return;
      }
      void request(`http://127.0.0.1:${stockPort}/`, { headers: { [expectedTime]: time } }).then(async (answer) => {
        ofStock.push(answer.statusCode);
        response.writeHead(answer.statusCode).end(await answer.body.text());
      });
    });
    await mesh.sidecar('stock-1', { service: 'stock', ports: [{ port: stock, protocol: 'http' }] });
    const upstreams = [{ service: 'stock', localPort: stockPort }];
    await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port: cart, protocol: 'http' }], upstreams });
    await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort: cartPort }] });
    const ask = (path: string) => request(`http://127.0.0.1:${cartPort}${path}`);
    await applyDocuments(mesh, join(import.meta.dirname, 'deadlines.yaml'));
    await vi.waitUntil(async () => (await ask('/well')).statusCode === 200, { timeout: 15_000 });

    const answer = await ask('/slow');
    // of web's own sidecar, or just before that what cart has made of the one that it got
    expect(answer.statusCode).toBe(504);
    await vi.waitUntil(() => ofStock.length === 1 && givenUp === 1, { timeout: 10_000 });
    // cart's own sidecar has answered it, for want of time
    expect(ofStock).toEqual([504]);
    const [ofCart = 0, atStock = 0] = [told.cart.at(-1), told.stock.at(-1)];
    expect(ofCart).toBeGreaterThan(0);
    expect(ofCart).toBeLessThanOrEqual(600);
    expect(atStock).toBeGreaterThan(0);
    expect(atStock).toBeLessThanOrEqual(ofCart);
  }, 60_000);
});

/** A program that speaks HTTP/2 in plaintext, on a free port. */
async function startHttp2(
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<number> {
  const server: Http2Server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    onStream(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

function sessionTo(port: number): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  closers.push(() => session.destroy());
  return session;
}

/** `grpc-status` of a call with so much time, which is for ever unless it is written. */
async function call(session: ClientHttp2Session, timeout: string | undefined): Promise<string> {
  const stream = session.request({
    ':method': 'POST',
    ':path': '/shop.Stock/Reserve',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(timeout !== undefined && { 'grpc-timeout': timeout }),
  });
  stream.on('error', () => {});
  stream.end();
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  stream.resume();
  return String(headers['grpc-status']);
}

describe('the deadline of a call', () => {
  it('travels through two hops, and ends the one that nobody waits for any more', async () => {
    const milliseconds = (headers: IncomingHttpHeaders) =>
      Number(/^([0-9]+)m$/.exec(String(headers['grpc-timeout']))?.[1] ?? Number.NaN);
    const told = { orders: [] as number[], ledger: [] as number[] };
    const ofLedger: string[] = [];
    let givenUp = 0;
    const ledger = await startHttp2((stream, headers) => {
      told.ledger.push(milliseconds(headers));
      stream.on('close', () => givenUp++); // it never answers
    });
    const [ledgerPort, ordersPort] = [await freePort(), await freePort()];
    let toLedger: ClientHttp2Session | null = null;
    const orders = await startHttp2((stream, headers) => {
      const isDone = headers['grpc-timeout'] === undefined;
      const answer = (status: string): void => {
        if (stream.destroyed) return;
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status },
          { endStream: true },
        );
      };
      if (isDone) {
        answer('0');
        return;
      }
      told.orders.push(milliseconds(headers));
      toLedger ??= sessionTo(ledgerPort);
      void call(toLedger, String(headers['grpc-timeout'])).then((status) => {
        ofLedger.push(status);
        answer(status);
      });
    });
    await mesh.sidecar('ledger-1', { service: 'ledger', ports: [{ port: ledger, protocol: 'grpc' }] });
    const upstreams = [{ service: 'ledger', localPort: ledgerPort }];
    await mesh.sidecar('orders-1', { service: 'orders', ports: [{ port: orders, protocol: 'grpc' }], upstreams });
    await mesh.sidecar('app-1', { service: 'app', upstreams: [{ service: 'orders', localPort: ordersPort }] });
    const session = sessionTo(ordersPort);
    await vi.waitUntil(async () => (await call(session, undefined)) === '0', { timeout: 15_000 });

    // DEADLINE_EXCEEDED
    expect(await call(session, '700m')).toBe('4');
    await vi.waitUntil(() => ofLedger.length === 1 && givenUp === 1, { timeout: 10_000 });
    expect(ofLedger).toEqual(['4']);
    const [atOrders = 0, atLedger = 0] = [told.orders[0], told.ledger[0]];
    expect(atOrders).toBeGreaterThan(0);
    expect(atOrders).toBeLessThanOrEqual(700);
    expect(atLedger).toBeGreaterThan(0);
    expect(atLedger).toBeLessThanOrEqual(atOrders);
  }, 60_000);
});
