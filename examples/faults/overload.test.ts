import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../../cli/demo/free-ports.ts';
import type { FaultInjection } from '../../control-plane/model/fault-injection.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import { data, open, PREFACE, post, settings } from '../../proxy/http2/testing/wire.ts';
import type { RawAnswer } from '../../proxy/testing/raw-client.ts';
import { sendRaw } from '../../proxy/testing/raw-client.ts';
import { TestMesh } from '../testing/mesh.ts';
import { SidecarProcess, sourceProgram } from '../workers/sidecar-process.ts';

const MEGABYTES = 240;
/** Requests with a body that is not taken yet, a mebibyte together: as much as a client may send without being asked. */
const held = Buffer.concat([
  PREFACE,
  settings(),
  ...[1, 3, 5, 7].flatMap((id) => [
    open(id, [...post, ['x-hold', 'yes']]),
    ...Array.from({ length: 16 }, () => data(id, Buffer.alloc(16_384, 'x'))),
  ]),
]);
const hold = `apiVersion: heddle.dev/v1alpha1
kind: FaultInjection
metadata: { name: hold }
spec:
  targetRefs: [{ group: "", kind: Service, name: cart }]
  until: ${new Date(Date.now() + 3_600_000).toISOString()}
  delay: { fixedDelay: 300s }
  headers: [{ name: x-hold, value: "yes" }]
`;

let mesh: TestMesh;
let web: SidecarProcess;
let port: number;
const clients: Socket[] = [];

beforeAll(async () => {
  mesh = await TestMesh.start();
  const application = await mesh.application((_request, response) => response.end('ok'));
  await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port: application, protocol: 'http' }] });
  [port = 0] = await freePorts(1);
  const line = ['--service', 'web', '--name', 'web-1', '--join-token', mesh.controlPlane.hostTokenFile];
  const bounds = ['--upstream', `cart:${application}=${port}`, '--max-memory', `${MEGABYTES}Mi`];
  web = new SidecarProcess([...line, ...bounds], join(mesh.directory, 'web-1'), sourceProgram);
  await web.ready();
  await vi.waitUntil(async () => (await ask()).status === 200, { timeout: 15_000 });
  const [{ document } = { document: null }] = parseDocuments(hold, { fileName: 'hold.yaml' }).documents;
  const written = await mesh.api.apply(kinds.FaultInjection, document as FaultInjection);
  await mesh.api.convergence(written.document.metadata.resourceVersion ?? '', 10_000);
}, 60_000);

afterAll(async () => {
  for (const client of clients) client.destroy();
  web?.child.kill('SIGKILL');
  await web?.exited;
  await mesh?.close();
});

const ask = (): Promise<RawAnswer> =>
  sendRaw(port, 'GET / HTTP/1.1\r\nHost: cart\r\n\r\n', (text) => /ok$|\}\n$/.test(text));

const pressure = async (): Promise<number> => {
  const metrics = await web.page('/stats/prometheus');
  return Number(/^heddle_overload_memory_pressure_percent (\S+)$/m.exec(metrics)?.[1]);
};

/** Fills memory a little further, until the sidecar has looked at it again; the answer that an ordinary client gets then. */
async function fill(): Promise<RawAnswer> {
  const before = await pressure();
  // in great steps at first, and then in small ones, so that no level is passed over
  const step = Math.max(2, Math.floor(((85 - before) / 100) * MEGABYTES * 0.4));
  for (let i = 0; i < step; i++) {
    const client = connect(port, '127.0.0.1').on('error', () => {});
    client.resume().write(held);
    clients.push(client);
  }
  await vi.waitUntil(async () => (await pressure()) !== before, { timeout: 5000, interval: 20 });
  return ask();
}

describe('a sidecar whose memory is nearly used up', () => {
  it('refuses requests and says why, then connections, answers its admin port throughout, and recovers', async () => {
    let answer = await ask();
    expect(answer.status).toBe(200);
    while (answer.status === 200 && clients.length < MEGABYTES) answer = await fill();
    expect(answer.text).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer.text).toContain('\r\nx-envoy-overloaded: true\r\n');
    expect(answer.text).toContain('\r\nx-heddle-reason: OM\r\n');
    expect(await web.page('/ready')).toContain('LIVE');
    expect(await web.page('/stats/prometheus')).toMatch(/^heddle_overload_shed_requests_total [1-9]/m);

    while (answer.status !== 0 && clients.length < 2 * MEGABYTES) answer = await fill();
    expect(answer).toEqual({ text: '', status: 0, isClosed: true });
    expect(await web.page('/ready')).toContain('LIVE');
    expect(await web.page('/stats/prometheus')).toMatch(/^envoy_listener_downstream_cx_overload_reject\{.*\} [1-9]/m);

    for (const client of clients.splice(0)) client.destroy();
    await vi.waitUntil(async () => (await ask()).status === 200, { timeout: 30_000, interval: 100 });
    expect(web.child.exitCode).toBeNull();
  }, 60_000);
});
