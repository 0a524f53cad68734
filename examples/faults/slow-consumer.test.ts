import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../../cli/demo/free-ports.ts';
import { headers, PREFACE, request, settings } from '../../proxy/http2/testing/wire.ts';
import { sendRaw } from '../../proxy/testing/raw-client.ts';
import { TestMesh } from '../testing/mesh.ts';
import { SidecarProcess, sourceProgram } from '../workers/sidecar-process.ts';

const PIECE = Buffer.alloc(65_536, 'x');
/** Far more than the kernel takes for the three connections of a hop each. */
const MOST_BYTES = 64_000_000;
const GET = 'GET /large HTTP/1.1\r\nHost: a\r\n\r\n';

let mesh: TestMesh;
let web: SidecarProcess;
let tcpServer: Server;
let local: { http: number; tcp: number };
let written = 0;
const clients: Socket[] = [];
const senders = new Set<Socket>();

/** Writes as fast as it is taken. */
function pour(into: Writable): void {
  let left = MOST_BYTES;
  const more = (): void => {
    while (left > 0 && !into.destroyed) {
      left -= PIECE.length;
      written += PIECE.length;
      if (!into.write(PIECE)) {
        into.once('drain', more);
        return;
      }
    }
  };
  more();
}

beforeAll(async () => {
  mesh = await TestMesh.start();
  const http = await mesh.application((incoming, response) => {
    if (incoming.url === '/large') pour(response);
    else response.end('ok');
  });
  tcpServer = createServer((socket) => {
    senders.add(socket.on('error', () => {}));
    socket.on('close', () => senders.delete(socket));
    pour(socket);
  });
  tcpServer.listen(0, '127.0.0.1');
  await once(tcpServer, 'listening');
  const tcp = (tcpServer.address() as AddressInfo).port;
  const ports = [
    { port: http, protocol: 'http' as const },
    { port: tcp, protocol: 'tcp' as const },
  ];
  await mesh.sidecar('cart-1', { service: 'cart', ports });
  const [localHttp = 0, localTcp = 0] = await freePorts(2);
  local = { http: localHttp, tcp: localTcp };
  const line = ['--service', 'web', '--name', 'web-1', '--join-token', mesh.controlPlane.hostTokenFile];
  const upstreams = ['--upstream', `cart:${http}=${localHttp}`, '--upstream', `cart:${tcp}=${localTcp}`];
  web = new SidecarProcess([...line, ...upstreams], join(mesh.directory, 'web-1'), sourceProgram);
  await web.ready();
  await vi.waitUntil(async () => (await ask()) === 200, { timeout: 15_000 });
}, 60_000);

afterAll(async () => {
  for (const socket of [...clients, ...senders]) socket.destroy();
  web?.child.kill('SIGKILL');
  await web?.exited;
  await mesh?.close();
  tcpServer?.close();
});

const ask = async (): Promise<number> =>
  (await sendRaw(local.http, GET.replace('/large', '/'), (text) => text.endsWith('ok'))).status;

const residentMegabytes = (): number => {
  const status = readFileSync(`/proc/${web.child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
};

/** Says this, and reads nothing of what comes. */
async function deaf(port: number, says: Buffer | string): Promise<void> {
  const client = connect(port, '127.0.0.1').on('error', () => {});
  clients.push(client);
  await once(client, 'connect');
  client.pause();
  client.write(says);
}

/** Fifty requests over one connection with windows that are shut: nothing of an answer but its head may be sent. */
const shut = Buffer.concat([
  PREFACE,
  settings([[4, 0]]),
  ...Array.from({ length: 50 }, (_, index) =>
    headers(
      2 * index + 1,
      request.map(([name, value]) => [name, name === ':path' ? '/large' : value] as const),
    ),
  ),
]);

const rows: [what: string, port: () => number, says: Buffer | string, connections: number, requests: number][] = [
  ['HTTP/1', () => local.http, GET, 10, 10],
  ['HTTP/2 with its windows shut', () => local.http, shut, 1, 50],
  ['TCP', () => local.tcp, '', 10, 10],
];
/** Garbage of the requests that are answered meanwhile. */
const OTHERS_MEGABYTES = 32;

describe('clients that do not read', () => {
  it.each(rows)(
    'stop their senders and take less than a mebibyte each: %s',
    async (_what, port, says, count, requests) => {
      const before = residentMegabytes();
      written = 0;
      for (let i = 0; i < count; i++) await deaf(port(), says);
      let last = -1;
      const hasStopped = () => {
        const isSame = written === last && written > 0;
        last = written;
        return isSame;
      };
      await vi.waitUntil(hasStopped, { timeout: 15_000, interval: 300 });
      expect(written).toBeLessThan(requests * MOST_BYTES);
      for (let i = 0; i < 20; i++) expect(await ask()).toBe(200);
      expect(residentMegabytes() - before).toBeLessThan(requests + OTHERS_MEGABYTES);
      for (const client of clients.splice(0)) client.destroy();
      await vi.waitUntil(async () => (await web.metric('envoy_cluster_upstream_rq_active')) === 0, { timeout: 5000 });
    },
    30_000,
  );
});
