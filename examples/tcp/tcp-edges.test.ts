import { once } from 'node:events';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { edgeListing } from '../../cli/commands/edges.ts';
import { printListing } from '../../cli/terminal/print.ts';
import { styleFor } from '../../cli/terminal/style.ts';
import type { Edge } from '../../control-plane/api/client.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { closeClients, connectTcp, readText } from '../testing/tcp-client.ts';
import { TcpServer } from './tcp-server.ts';

const settled = { timeout: 15_000, interval: 100 };
let mesh: TestMesh;
let echo: TcpServer;

beforeAll(async () => {
  mesh = await TestMesh.start();
  echo = await TcpServer.start((socket) => {
    socket.on('data', (chunk) => socket.write(Buffer.concat([chunk, chunk])));
    socket.on('end', () => socket.end());
  });
}, 30_000);

afterAll(async () => {
  closeClients();
  await mesh.close();
  await echo.close();
}, 30_000);

/** Sends `bytes` and reads twice as many. */
async function exchange(socket: Socket, bytes: number): Promise<void> {
  let read = 0;
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  socket.write(Buffer.alloc(bytes));
  while (read < 2 * bytes) await once(socket, 'data');
}

describe('edges of TCP', () => {
  it.each([1, 2])(
    'are what two sidecars of %i processes saw, while connections are open and after',
    async (concurrency) => {
      const [callee, caller] = [`echo-${concurrency}`, `caller-${concurrency}`];
      const ports = [{ port: echo.port, protocol: 'tcp' as const }];
      await mesh.sidecar(`${callee}-a`, { service: callee, ports, concurrency });
      const localPort = await freePort();
      const upstreams = [{ service: `${callee}:${echo.port}`, localPort }];
      await mesh.sidecar(`${caller}-a`, { service: caller, upstreams, concurrency });
      await vi.waitFor(async () => {
        const socket = await connectTcp(localPort);
        socket.end('x');
        expect(await readText(socket)).toBe('xx');
      }, settled);

      const sockets: Socket[] = [];
      for (let i = 0; i < 4; i++) {
        const socket = await connectTcp(localPort);
        sockets.push(socket);
        await exchange(socket, 10_000);
      }
      const edge = async (): Promise<Edge | undefined> => {
        const edges = await mesh.api.edges(3_600);
        return edges.find(({ source, destination }) => source.service === caller && destination.service === callee);
      };
      await vi.waitFor(async () => {
        expect(await edge()).toMatchObject({
          countedBy: 'destination',
          isSecured: true,
          requests: 0,
          tcp: { open: 4 },
        });
        const { readBytesPerSecond = 0, writtenBytesPerSecond = 0 } = (await edge())?.tcp ?? {};
        expect(readBytesPerSecond).toBeGreaterThan(0);
        expect(writtenBytesPerSecond / readBytesPerSecond).toBeCloseTo(2, 5);
      }, settled);
      const stat = (await mesh.api.stat(3_600)).find(({ service }) => service === callee);
      expect(stat).toMatchObject({ successRate: null, mutualTlsShare: 1, tcp: { open: 4 } });

      const shown = (await edge()) as Edge; // it was there a moment ago
      const table = new PassThrough();
      await printListing(edgeListing(styleFor(table as never), [shown], false), [shown], 'table', table);
      const [header, row] = String(table.read()).split('\n');
      expect(header).toMatch(/ TCP_CONN +READ_BYTES\/SEC +WRITE_BYTES\/SEC /);
      expect(row).toMatch(
        new RegExp(`^${caller} +${callee} .* 4 +[0-9.]+k?B/s +[0-9.]+k?B/s +\\S+/sa/${caller} +\\S+/sa/${callee}$`),
      );

      for (const socket of sockets) socket.end();
      await vi.waitFor(async () => expect((await edge())?.tcp?.open).toBe(0), settled);
    },
    60_000,
  );
});
