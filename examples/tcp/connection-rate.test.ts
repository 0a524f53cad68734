import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyDocuments, applyText } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { closeClients, connectTcp, readText } from '../testing/tcp-client.ts';
import { TcpServer } from './tcp-server.ts';

let mesh: TestMesh;
let db: TcpServer;
let sidecar: RunningProxy;
let localPort: number;
let accessLog: string;
let taken = 0;

beforeAll(async () => {
  mesh = await TestMesh.start();
  db = await TcpServer.start((socket) => {
    taken++;
    socket.write('ready\r\n');
    socket.on('data', (chunk) => socket.write(chunk));
    socket.on('end', () => socket.end());
  });
  accessLog = join(mesh.directory, 'db.log');
  // each process has a share of a limit
  sidecar = await mesh.sidecar('db-1', {
    service: 'db',
    ports: [{ port: db.port, protocol: 'tcp' }],
    accessLog,
    concurrency: 1,
  });
  localPort = await freePort();
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'db', localPort }] });
  await vi.waitFor(async () => expect(await greeting()).toBe('ready\r\n'), 15_000);
}, 60_000);

afterAll(async () => {
  closeClients();
  await mesh?.close();
  await db?.close();
});

/** What a new connection hears; '' where it is closed at once. */
async function greeting(): Promise<string> {
  const socket = await connectTcp(localPort);
  const text = await readText(socket, '\r\n');
  socket.end();
  return text;
}

async function greetings(count: number): Promise<readonly string[]> {
  const heard: string[] = [];
  for (let i = 0; i < count; i++) heard.push((await greeting()).trim());
  return heard;
}

async function refusedTotal(): Promise<number> {
  const page = await (await fetch(`http://${sidecar.adminAddress}/stats/prometheus`)).text();
  return Number(/^heddle_tcp_local_rate_limit_rate_limited_total ([0-9]+)$/m.exec(page)?.[1]);
}

describe('a rate of new TCP connections', () => {
  it('closes those beyond it before the application sees them, and leaves those alone that are open', async () => {
    const open = await connectTcp(localPort);
    expect(await readText(open, '\r\n')).toBe('ready\r\n');
    await applyDocuments(mesh, join(import.meta.dirname, 'connection-rate.yaml'));
    const before = taken;
    expect(await greetings(5)).toEqual(['ready', 'ready', 'ready', '', '']);
    expect(taken - before).toBe(3);
    open.write('still here\r\n');
    expect(await readText(open, '\r\n')).toBe('still here\r\n');
    expect(await refusedTotal()).toBe(2);
  });

  it('says why in the access log, and who says so', async () => {
    const line = await vi.waitUntil(async () =>
      (await readFile(accessLog, 'utf8')).split('\n').find((each) => each.includes('"response_flags":"RL"')),
    );
    const { reason, response_code_details } = JSON.parse(line);
    expect(response_code_details).toBe('local_ratelimit_close_over_limit');
    expect(reason).toMatch(
      /^Too many new connections: 3 in 60 s, BackendTrafficPolicy\/default\/db rateLimit \(.*connection-rate\.yaml:3\)$/,
    );
  });

  it('counts what it closed among the connections of the service that came to nothing', async () => {
    await vi.waitFor(async () => {
      const services = await mesh.api.stat(60);
      expect(services.find(({ service }) => service === 'db')?.tcp).toMatchObject({ failed: 2 });
    }, 10_000);
  });

  it('goes on counting where it was when something else has changed, and ends with its policy', async () => {
    const text = await readFile(join(import.meta.dirname, 'connection-rate.yaml'), 'utf8');
    await applyText(mesh, `${text}  timeout: { tcp: { connectTimeout: 3s } }\n`);
    expect(await greetings(1)).toEqual(['']);
    await applyText(mesh, text.slice(0, text.indexOf('  rateLimit:')));
    expect(await greetings(5)).toEqual(Array(5).fill('ready'));
  });
});
