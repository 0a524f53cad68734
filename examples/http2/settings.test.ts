import { once } from 'node:events';
import type { ClientHttp2Session, Http2Server, ServerHttp2Stream } from 'node:http2';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunningProxy } from '../../proxy/main.ts';
import { applyDocuments } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

/** More than the window that the policy asks for. */
const BODY_BYTES = 300_000;

let mesh: TestMesh;
let application: Http2Server;
let caller: RunningProxy;
let client: ClientHttp2Session;
/** Requests that wait for their answers. */
const held: ServerHttp2Stream[] = [];
let isHolding = false;

beforeAll(async () => {
  application = createServer();
  application.on('stream', (stream) => {
    if (isHolding) held.push(stream);
    else answer(stream);
  });
  application.listen(0, '127.0.0.1');
  await once(application, 'listening');
  const { port } = application.address() as AddressInfo;
  mesh = await TestMesh.start();
  await mesh.sidecar('slow-1', { service: 'slow', ports: [{ port, protocol: 'http2' }] });
  const localPort = await freePort();
  // pools are each process's own
  const upstreams = [{ service: 'slow', localPort }];
  caller = await mesh.sidecar('web-1', { service: 'web', upstreams, concurrency: 1 });
  client = connect(`http://127.0.0.1:${localPort}`);
  client.on('error', () => {});
  await vi.waitFor(async () => expect(await call()).toBe(BODY_BYTES), 15_000);
}, 60_000);

afterAll(async () => {
  client?.destroy();
  await mesh?.close();
  application?.close();
}, 30_000);

function answer(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200 });
  stream.end('x'.repeat(BODY_BYTES));
}

/** Bytes of the answer. */
async function call(): Promise<number> {
  const stream = client.request({ ':path': '/' });
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(stream, 'end');
  return bytes;
}

/** Connections of the caller's sidecar that carry five requests at a time. */
async function connectionsOfFive(): Promise<number> {
  isHolding = true;
  const calls = Array.from({ length: 5 }, call);
  await vi.waitFor(() => expect(held).toHaveLength(5), 10_000);
  const page = await (await fetch(`http://${caller.adminAddress}/clusters`)).text();
  isHolding = false;
  for (const stream of held.splice(0)) answer(stream);
  expect(await Promise.all(calls)).toEqual(Array(5).fill(BODY_BYTES));
  const [, count] = /^outbound\|[0-9]+\|\|slow\..*::cx_active::([0-9]+)$/m.exec(page) ?? [];
  return Number(count);
}

describe('streams of a connection to a service', () => {
  it('are as many as its policy says, and the others have connections of their own', async () => {
    expect(await connectionsOfFive()).toBe(1);
    await applyDocuments(mesh, join(import.meta.dirname, 'settings.yaml'));
    // a connection that is there ends when it is idle
    await vi.waitFor(async () => expect(await connectionsOfFive()).toBe(3), 15_000);
  });
});
