import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

describe('WebSocket through two sidecars', () => {
  const sockets: WebSocket[] = [];
  let application: WebSocketServer;
  let mesh: TestMesh;
  let chat: RunningProxy;
  let caller: RunningProxy;
  let local: number;

  beforeAll(async () => {
    application = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    application.on('connection', (socket, request) => {
      socket.on('message', () => socket.send(`${request.url} ${request.headers['x-forwarded-client-cert']}`));
    });
    await once(application, 'listening');
    mesh = await TestMesh.start();
    const { port } = application.address() as AddressInfo;
    chat = await mesh.sidecar('chat-1', { service: 'chat', ports: [{ port, protocol: 'http' }] });
    local = await freePort();
    caller = await mesh.sidecar('caller-1', { service: 'caller', upstreams: [{ service: 'chat', localPort: local }] });
    await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${local}/`)).status).toBe(426), {
      timeout: 15_000,
    });
  }, 60_000);

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.terminate();
  });

  afterAll(async () => {
    await mesh?.close();
    application?.close();
  }, 60_000);

  async function open(path: string): Promise<WebSocket> {
    const socket = new WebSocket(`ws://127.0.0.1:${local}${path}`);
    sockets.push(socket);
    await once(socket, 'open');
    return socket;
  }

  async function ask(socket: WebSocket): Promise<string> {
    const answer = once(socket, 'message');
    socket.send('who am I?');
    const [data] = (await answer) as [Buffer];
    return String(data);
  }

  const metricsOf = async ({ adminAddress }: RunningProxy) =>
    (await fetch(`http://${adminAddress}/stats/prometheus`)).text();

  it('tells the application who calls, and counts 101 when the socket has closed', async () => {
    const socket = await open('/room?a=b');
    expect(await ask(socket)).toMatch(/^\/room\?a=b By=.*;URI=spiffe:\/\/[^/]+\/ns\/default\/sa\/caller$/);
    socket.close(4000);
    expect((await once(socket, 'close'))[0]).toBe(4000);
    for (const sidecar of [caller, chat]) {
      const counted = () => metricsOf(sidecar);
      await expect
        .poll(counted, { timeout: 10_000 })
        .toMatch(/istio_requests_total\{[^}]*response_code="101"[^}]*\} 1\n/);
    }
  });

  it('goes on while the sidecar of the application drains', async () => {
    const socket = await open('/room');
    const drained = chat.drain();
    expect(await ask(socket)).toContain('/room');
    socket.close();
    await once(socket, 'close');
    await drained;
  });
});
