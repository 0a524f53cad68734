import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyDocuments } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { closeClients, connectTcp, connectWhenServed, readText } from '../testing/tcp-client.ts';
import { TcpServer } from './tcp-server.ts';

let mesh: TestMesh;
let db: TcpServer;
let sidecar: RunningProxy;
let localPort: number;

beforeAll(async () => {
  mesh = await TestMesh.start();
  db = await TcpServer.start((socket) => socket.write('ready\r\n'));
  sidecar = await mesh.sidecar('db-1', { service: 'db', ports: [{ port: db.port, protocol: 'tcp' }] });
  localPort = await freePort();
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'db', localPort }] });
  (await connectWhenServed(localPort)).destroy();
}, 60_000);

afterAll(async () => {
  closeClients();
  await mesh?.close();
  await db?.close();
});

/**
 * Seconds until the kernel asks for a sign of life, of each connection that somebody has opened to the sidecar of db; null where it
 * never does. Source: Linux, `Documentation/networking/proc_net_tcp.rst`; its clock has 100 ticks a second for user space.
 */
async function asked(): Promise<readonly (number | null)[]> {
  const port = (sidecar.inboundPorts.get(db.port) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const rows = (await readFile('/proc/net/tcp', 'utf8')).trim().split('\n').slice(1);
  return rows.flatMap((row) => {
    const [, , remote = '', state, , timer = ''] = row.trim().split(/\s+/);
    if (!remote.endsWith(`:${port}`) || state !== '01') return [];
    const [kind, ticks = ''] = timer.split(':');
    return kind === '02' ? [Number.parseInt(ticks, 16) / 100] : [null];
  });
}

describe.skipIf(process.platform !== 'linux')('keeping connections alive', () => {
  it('is off, and then on for new connections to the service, after the time that its policy says', async () => {
    expect(await readText(await connectTcp(localPort), '\r\n')).toBe('ready\r\n');
    await vi.waitFor(async () => expect(await asked()).toEqual([null]), 5_000);
    await applyDocuments(mesh, join(import.meta.dirname, 'keepalive.yaml'));
    expect(await readText(await connectTcp(localPort), '\r\n')).toBe('ready\r\n');
    await vi.waitFor(async () => {
      const times = await asked();
      expect(times.filter((seconds) => seconds === null)).toHaveLength(1);
      const [seconds] = times.filter((each) => each !== null);
      expect(seconds).toBeGreaterThan(590);
      expect(seconds).toBeLessThanOrEqual(601);
    }, 5_000);
  });
});
