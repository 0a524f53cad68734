import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TestIdentity } from '../../certs/testing/test-identity.ts';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { ALPN_HTTP2 } from '../../proto/names.ts';
import { floods } from '../http2/testing/floods.ts';
import type { HostileOutcome } from '../http2/testing/hostile-requests.ts';
import { hostileRequests } from '../http2/testing/hostile-requests.ts';
import { data, headers, open, post, request } from '../http2/testing/wire.ts';
import type { Forwarder, ScriptedServer } from '../testing/forwarder.ts';
import { startForwarder, startMesh, startScriptedServer } from '../testing/forwarder.ts';
import { Http2Probe } from '../testing/http2-probe.ts';
import { holderOf } from '../testing/mesh-identity.ts';

let upstream: ScriptedServer;
let probes: Http2Probe[] = [];
let nowMs = 1;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  upstream = await startScriptedServer((socket, text) => {
    if (text.startsWith('GET ') && text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 204 No Content\r\n\r\n');
  });
});

afterEach(() => {
  for (const probe of probes) probe.destroy();
  probes = [];
});

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await upstream.close();
});

async function probe(port: number, certificate: TestIdentity | null = null): Promise<Http2Probe> {
  const place = { port, host: '127.0.0.1' };
  const socket =
    certificate === null
      ? connect(place)
      : connectTls({ ...place, ...certificate, rejectUnauthorized: false, ALPNProtocols: [ALPN_HTTP2] });
  await once(socket, certificate === null ? 'connect' : 'secureConnect');
  const made = new Http2Probe(socket);
  probes.push(made);
  return made;
}

/** What is over has a second to be read, by the forwarder's clock, and is destroyed then. */
async function closes(client: Http2Probe, { clock }: Forwarder): Promise<boolean> {
  const sweeping = setInterval(() => {
    nowMs += 1000;
    clock.tick();
  }, 20);
  await client.waitFor(/never said/, 5000);
  clearInterval(sweeping);
  return client.isClosed;
}

const expected = (outcome: HostileOutcome): RegExp => {
  switch (outcome.kind) {
    case 'reset':
      return new RegExp(`^RST_STREAM 1 ${outcome.code}$`);
    case 'answered':
      return new RegExp(`^HEADERS 1 ${outcome.status}`);
    case 'connection':
      return new RegExp(`^GOAWAY \\d+ ${outcome.code}$`);
  }
};

/** Traces of what must not reach an application, in all that any has received. */
const count = () => upstream.received().match(/evil|xyz|x-a/g)?.length ?? 0;

const ways = ['one sidecar', 'both sidecars', 'a sidecar of the other end, from a peer with a certificate'] as const;

/** What is attacked, and the certificate that an attacker needs for it. */
async function startTarget(way: (typeof ways)[number]): Promise<[target: Forwarder, certificate: TestIdentity | null]> {
  const options = { nowMs: () => nowMs };
  if (way === 'both sidecars') {
    return [(await startMesh(upstream.port, (close) => closers.push(close), options)).outbound, null];
  }
  const mesh = createTestMesh();
  const isPeer = way !== 'one sidecar';
  const target = await startForwarder(
    [upstream.port],
    isPeer ? { ...options, inboundAs: holderOf(mesh, 'cart') } : options,
  );
  closers.push(target.close);
  return [target, isPeer ? mesh.identity('web') : null];
}

describe.each(ways)('a hostile request of HTTP/2 through %s', (way) => {
  let target: Forwarder;
  let certificate: TestIdentity | null;

  beforeAll(async () => {
    [target, certificate] = await startTarget(way);
  });

  it.each(hostileRequests)('$name', async ({ bytes, outcome }) => {
    const before = count();
    const client = await probe(target.port, certificate);
    client.send(bytes);
    expect(await client.waitFor(expected(outcome)), client.said.join('; ')).toBe(true);
    if (outcome.kind === 'connection') {
      expect(await closes(client, target)).toBe(true);
    } else {
      client.send(headers(3));
      expect(await client.waitFor(/^HEADERS 3 /), 'the connection goes on').toBe(true);
    }
    expect(count()).toBe(before);
  });

  it('a header called __proto__, which is one like any other', async () => {
    const before = upstream.received().split('__proto__: 1\r\n').length;
    const client = await probe(target.port, certificate);
    client.send(headers(1, [...request, ['__proto__', '1'], ['constructor', '2']]));
    expect(await client.waitFor(/^HEADERS 1 204/)).toBe(true);
    expect(upstream.received().split('__proto__: 1\r\n')).toHaveLength(before + 1);
    expect([Object.getPrototypeOf({}), Object.keys(Object.prototype)]).toEqual([Object.prototype, []]);
  });
});

describe.each(ways)('a flood of HTTP/2 against %s', (way) => {
  let target: Forwarder;
  let certificate: TestIdentity | null;

  beforeAll(async () => {
    [target, certificate] = await startTarget(way);
  });

  it.each(floods)('%s has its connection destroyed, and others go on', async (_name, most, next, before) => {
    const other = await probe(target.port, certificate);
    const client = await probe(target.port, certificate);
    if (before !== undefined) client.send(before);
    client.send(Buffer.concat(Array.from({ length: 2 * most }, (_, index) => next(index))));
    expect(await closes(client, target)).toBe(true);
    other.send(headers(1));
    expect(await other.waitFor(/^HEADERS 1 204/)).toBe(true);
  });
});

describe('a request whose body turns out to be a lie', () => {
  it('has its exchange with an upstream of HTTP/1 aborted', async () => {
    const forwarder = await startForwarder([upstream.port]);
    closers.push(forwarder.close);
    const before = upstream.connections.length;
    const client = await probe(forwarder.port);
    client.send(open(1, [...post, ['content-length', '5']]));
    await expect.poll(() => upstream.connections.length).toBe(before + 1);
    client.send(data(1, 'abcdef'));
    expect(await client.waitFor(/^RST_STREAM 1 PROTOCOL_ERROR$/)).toBe(true);
    await expect.poll(() => upstream.connections.at(-1)?.destroyed).toBe(true);
    expect([...forwarder.cluster.endpoints][0]?.activeRequests).toBe(0);
  });
});
