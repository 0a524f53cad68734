import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../../cli/demo/free-ports.ts';
import { TestMesh } from '../testing/mesh.ts';
import { hasProgram } from '../testing/programs.ts';
import { SidecarProcess, sourceProgram } from '../workers/sidecar-process.ts';

const DESCRIPTORS = 200;
/** Less than half of them. */
const MOST = DESCRIPTORS / 2 - 1;

let mesh: TestMesh;
let web: SidecarProcess;
let port: number;
const clients: Socket[] = [];

beforeAll(async () => {
  if (!hasProgram('prlimit')) return;
  mesh = await TestMesh.start();
  [port = 0] = await freePorts(1);
  const line = ['--service', 'web', '--name', 'web-1', '--join-token', mesh.controlPlane.hostTokenFile];
  const launcher = ['prlimit', `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`];
  const listens = ['--outbound-port', String(port)];
  web = new SidecarProcess([...line, ...listens], join(mesh.directory, 'web-1'), sourceProgram, launcher);
  await web.ready();
}, 30_000);

afterAll(async () => {
  for (const client of clients) client.destroy();
  web?.child.kill('SIGKILL');
  await web?.exited;
  await mesh?.close();
});

const sum = async (name: string) =>
  [...(await web.stats())].filter(([key]) => key.endsWith(name)).reduce((all, [, value]) => all + value, 0);
const active = () => sum('.downstream_cx_active');

describe.skipIf(!hasProgram('prlimit'))('a sidecar that has as many connections as it may', () => {
  it('refuses one more, counts it, answers its admin port, and takes new ones when others end', async () => {
    for (let i = 0; i < MOST; i++) {
      const client = connect(port, '127.0.0.1').on('error', () => {});
      clients.push(client);
    }
    await vi.waitUntil(async () => (await active()) === MOST, { timeout: 5000 });
    expect(await sum('.downstream_global_cx_overflow')).toBe(0);
    for (let i = 1; i <= 20; i++) {
      const refused = connect(port, '127.0.0.1').on('error', () => {});
      await new Promise((closed) => refused.resume().once('close', closed)); // by a reset, or by an end
      expect(await sum('.downstream_global_cx_overflow')).toBe(i);
    }
    expect(await active()).toBe(MOST);
    expect(await web.page('/ready')).toContain('LIVE');
    for (const client of clients.splice(0, 10)) client.destroy();
    await vi.waitUntil(async () => (await active()) === MOST - 10, { timeout: 5000 });
    clients.push(connect(port, '127.0.0.1').on('error', () => {}));
    await vi.waitUntil(async () => (await active()) === MOST - 9, { timeout: 5000 });
  });
});
