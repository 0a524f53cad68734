import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Http2Server, Http2ServerResponse } from 'node:http2';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../../cli/demo/free-ports.ts';
import { ALPN_HTTP2 } from '../../proto/names.ts';
import { ACK, headers, ping, request } from '../../proxy/http2/testing/wire.ts';
import { Http2Probe } from '../../proxy/testing/http2-probe.ts';
import { decodeIdentity } from '../../proxy/xds/identity.ts';
import { TestMesh } from '../testing/mesh.ts';
import { SidecarProcess, sourceProgram } from '../workers/sidecar-process.ts';

let mesh: TestMesh;
let web: SidecarProcess;
let cart: SidecarProcess;
let local: number;
let application: Http2Server;
const held: Http2ServerResponse[] = [];
const stateOf = (name: string): string => join(mesh.directory, name);

beforeAll(async () => {
  mesh = await TestMesh.start();
  application = createServer((incoming, response) => {
    if (incoming.url === '/held') held.push(response);
    else response.end('ok');
  });
  application.listen(0, '127.0.0.1');
  await once(application, 'listening');
  const { port } = application.address() as AddressInfo;
  [local = 0] = await freePorts(1);
  const start = (service: string, ...more: string[]) => {
    const line = ['--service', service, '--name', `${service}-1`, '--join-token', mesh.controlPlane.hostTokenFile];
    return new SidecarProcess([...line, ...more], stateOf(service), sourceProgram);
  };
  cart = start('cart', '--port', `${port}/http2`);
  web = start('web', '--upstream', `cart:${port}=${local}`);
  await Promise.all([cart.ready(), web.ready()]);
  const isServed = async () => {
    const client = new Http2Probe(await toApplicationSide());
    client.send(headers(1));
    await client.waitFor(/^HEADERS 1 /);
    client.destroy();
    return client.said.includes('HEADERS 1 200');
  };
  await vi.waitUntil(isServed, { timeout: 15_000, interval: 50 });
}, 60_000);

afterAll(async () => {
  for (const sidecar of [web, cart]) {
    sidecar?.child.kill('SIGKILL');
    await sidecar?.exited;
  }
  await mesh?.close();
  application?.close();
});

const toApplicationSide = async (): Promise<Duplex> => connect(local, '127.0.0.1');

async function toInboundSide(): Promise<Duplex> {
  const port = Number(/^inbound\|.*:(\d+)$/m.exec(await cart.page('/listeners'))?.[1]);
  const identity = readFileSync(join(stateOf('web'), 'sidecars', 'default', 'web-1', 'identity.json'));
  const { privateKeyPem: key, certificateChainPem: cert } = decodeIdentity(identity, Date.now());
  const own = { key, cert, rejectUnauthorized: false, ALPNProtocols: [ALPN_HTTP2] };
  const socket = connectTls({ host: '127.0.0.1', port, ...own });
  await once(socket, 'secureConnect');
  return socket;
}

const heldRequest = request.map(([name, value]) => [name, name === ':path' ? '/held' : value] as const);

describe('a sidecar that is told to end', () => {
  // the caller first: without the other one it has nobody to call
  it.each([
    ['an application’s port', () => web, toApplicationSide],
    ['its inbound port', () => cart, toInboundSide],
  ])(
    'says so twice to a client of HTTP/2 at %s, and answers what it has begun',
    async (_where, sidecar, open) => {
      const leaving = sidecar();
      const client = new Http2Probe(await open());
      client.send(headers(1, heldRequest));
      await vi.waitUntil(() => held.length === 1, { timeout: 5000 });
      leaving.child.kill('SIGTERM');
      expect(await client.waitFor(/^GOAWAY 2147483647 NO_ERROR$/, 10_000), client.said.join('; ')).toBe(true);
      client.send(headers(3, heldRequest)); // sent before the client has read it
      client.send(ping('heddle/1', ACK));
      expect(await client.waitFor(/^GOAWAY 3 NO_ERROR$/)).toBe(true);
      await vi.waitUntil(() => held.length === 2, { timeout: 5000 });
      for (const response of held.splice(0)) response.end('at last');
      await client.waitFor(/never said/);
      const ofStreams = client.said.filter((line) => /^(HEADERS|DATA [13] 7|RST_STREAM)/.test(line));
      const answers = ofStreams.map((line) => line.replace(/\.$/, '')).sort();
      expect(answers).toEqual(['DATA 1 7', 'DATA 3 7', 'HEADERS 1 200', 'HEADERS 3 200']);
      expect(client.isClosed).toBe(true);
      expect(await leaving.exited).toBe(0);
    },
    30_000,
  );
});
