import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http2';
import { connect, createServer } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { kinds } from '../../control-plane/model/kinds.ts';
import { applyText } from '../testing/apply-documents.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { NameServer } from '../testing/name-server.ts';
import { hasProgram } from '../testing/programs.ts';
import { PublicAuthority } from '../testing/public-authority.ts';

let mesh: TestMesh;
let names: NameServer;
const outbound = { default: 0, partners: 0 };
let port: number;
const calls = createServer();

beforeAll(async () => {
  names = await NameServer.start();
  mesh = await TestMesh.start();
  port = await mesh.application(({ headers, socket }, response) => {
    response.end(`${headers.host} ${socket.localAddress}`);
  });
  for (const namespace of ['default', 'partners'] as const) {
    outbound[namespace] = await freePort();
    await mesh.sidecar(`web-${namespace}`, {
      ...{ service: 'web', namespace, outboundPort: outbound[namespace] },
      ...{ dnsServers: [names.address], dnsLoopback: true },
    });
  }
  calls.on('stream', (stream, headers) => {
    const fields = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' };
    stream.respond({ ...fields, 'x-host': String(headers[':authority']) }, { endStream: true });
  });
  calls.listen(0, '127.0.0.1');
  await once(calls, 'listening');
}, 60_000);

afterAll(async () => {
  await mesh?.close();
  names?.close();
  calls.close();
});

/** A host of which `spec` are the lines, in flow style. */
async function external(name: string, host: string, spec: string, protocol = 'HTTP', targetPort = port): Promise<void> {
  await applyText(
    mesh,
    `apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: ${name} }
spec: { hosts: ["${host}"], ports: [{ port: 80, protocol: ${protocol}, targetPort: ${targetPort} }], ${spec} }
`,
  );
}

async function call(host: string, namespace: keyof typeof outbound = 'default') {
  const answer = await request(`http://127.0.0.1:${outbound[namespace]}/`, { headers: { host } });
  return { status: answer.statusCode, text: await answer.body.text() };
}

const isAnswered = (host: string, text: string) =>
  vi.waitUntil(async () => (await call(host)).text === text, { timeout: 15_000 });

describe('the addresses of a host', () => {
  it('are those that STATIC names, and nobody is asked', async () => {
    await external('fixed', 'fixed.example', 'resolution: STATIC, endpoints: [{ address: 127.0.0.1 }]');
    await isAnswered('fixed.example', 'fixed.example 127.0.0.1');
    expect(names.asked).not.toContain('fixed.example');
  });

  it('are those of the names that DNS endpoints have', async () => {
    names.set('origin.example', ['127.0.0.1']);
    await external('named', 'named.example', 'resolution: DNS, endpoints: [{ address: origin.example }]');
    await isAnswered('named.example', 'named.example 127.0.0.1');
    expect(names.asked).not.toContain('named.example');
  });

  it('are those of the very name that is called with NONE', async () => {
    await external('wild', '*.wild.invalid', 'resolution: NONE', 'HTTP', 80);
    await vi.waitUntil(async () => (await call('b.wild.invalid')).text.includes('"b.wild.invalid: '), {
      timeout: 15_000,
    });
    expect((await call('a.wild.invalid')).text).toContain('"a.wild.invalid: ');
  });

  it('are asked for as often as their time to live says, or as the document does', async () => {
    for (const [name, dns] of [
      ['by-ttl', 'dns: { dnsRefreshRate: 500h }'],
      ['by-rate', 'dns: { dnsRefreshRate: 500h, respectDnsTtl: false }'],
    ] as const) {
      names.set(`${name}.example`, ['127.0.0.1']);
      await external(name, `${name}.example`, dns);
      await isAnswered(`${name}.example`, `${name}.example 127.0.0.1`);
    }
    const asked = (name: string) => names.asked.filter((each) => each === `${name}.example`).length;
    const before = asked('by-rate');
    // the name server says a second
    await vi.waitUntil(() => asked('by-ttl') > 3, { timeout: 15_000 });
    expect(asked('by-rate')).toBe(before);
  }, 30_000);

  it('are of the family that is asked for', async () => {
    names.set('six.example', ['127.0.0.1']);
    // there are none of IPv6
    await external('six', 'six.example', 'dns: { lookupFamily: IPv6 }');
    await vi.waitUntil(async () => (await call('six.example')).text.includes('nameResolution'), { timeout: 15_000 });
    expect(names.asked).not.toContain('six.example');
    for (const family of ['IPv4', 'IPv6Preferred', 'IPv4AndIPv6', 'IPv4Preferred']) {
      await external('six', 'six.example', `dns: { lookupFamily: ${family} }`);
      await isAnswered('six.example', 'six.example 127.0.0.1');
      await external('six', 'six.example', 'dns: { lookupFamily: IPv6 }');
      await vi.waitUntil(async () => (await call('six.example')).status === 503, { timeout: 15_000 });
    }
  }, 60_000);
});

describe('exportTo', () => {
  it('has a document decide for callers of its own namespace alone', async () => {
    await external('own', 'own.example', 'endpoints: [{ address: 127.0.0.1 }], exportTo: ["."]');
    await isAnswered('own.example', 'own.example 127.0.0.1');
    expect((await call('own.example', 'partners')).status).not.toBe(200);
    await external('own', 'own.example', 'endpoints: [{ address: 127.0.0.1 }], exportTo: ["*"]');
    await vi.waitUntil(async () => (await call('own.example', 'partners')).status === 200, { timeout: 15_000 });
    await mesh.api.delete(kinds.ExternalService, 'default', 'own');
  });
});

describe('a port of GRPC', () => {
  it('is spoken to in HTTP/2, without TLS too', async () => {
    const { port: callsPort } = calls.address() as AddressInfo;
    await external('rates', 'rates.example', 'endpoints: [{ address: 127.0.0.1 }]', 'GRPC', callsPort);
    const session = connect(`http://127.0.0.1:${outbound.default}`);
    const ask = async () => {
      const stream = session.request({
        ...{ ':method': 'POST', ':path': '/shop.Rates/Get', ':authority': 'rates.example' },
        ...{ 'content-type': 'application/grpc', te: 'trailers' },
      });
      stream.end();
      const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
      stream.resume();
      return [headers['grpc-status'], headers['x-host']];
    };
    await vi.waitUntil(async () => String(await ask()) === '0,rates.example', { timeout: 15_000 });
    session.destroy();
  });
});

describe.skipIf(!hasProgram('openssl'))('minProtocolVersion', () => {
  it('is the oldest TLS that is spoken, whatever the host offers', async () => {
    const authority = new PublicAuthority();
    const { certPem: cert, keyPem: key } = authority.issue(['DNS:old.example']);
    const old = createHttpsServer({ cert, key, maxVersion: 'TLSv1.2' }, (_request, response) => response.end('old'));
    old.listen(0, '127.0.0.1');
    await once(old, 'listening');
    const { port: oldPort } = old.address() as AddressInfo;
    const host = (version: string) =>
      external(
        'old',
        'old.example',
        `endpoints: [{ address: 127.0.0.1 }], tls: { minProtocolVersion: ${version}, caCertificates: ${JSON.stringify(authority.rootPem)} }`,
        'HTTP',
        oldPort,
      );
    await host('TLSV1_2');
    await isAnswered('old.example', 'old');
    await host('TLSV1_3');
    await vi.waitUntil(async () => (await call('old.example')).text.includes('originRefused'), { timeout: 15_000 });
    old.closeAllConnections();
    old.close();
    authority.close();
  });
});
