import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import { closeClients, connectTcp, connectWhenServed, openTunnel, readText } from '../testing/tcp-client.ts';
import { TcpServer } from './tcp-server.ts';

let mesh: TestMesh;
const servers: TcpServer[] = [];
const closers: (() => void)[] = [];

beforeAll(async () => {
  mesh = await TestMesh.start();
}, 30_000);

afterAll(async () => {
  closeClients();
  await mesh.close();
  for (const server of servers) await server.close();
  for (const close of closers) close();
}, 30_000);

async function application(onSocket: (socket: Socket) => void, host = '127.0.0.1'): Promise<TcpServer> {
  const server = await TcpServer.start(onSocket, host);
  servers.push(server);
  return server;
}

/** A sidecar beside a TCP application; with `protocol` declared, or to be found out. */
async function serve(service: string, port: number, protocol: 'tcp' | 'auto', version = ''): Promise<RunningProxy> {
  const name = version === '' ? `${service}-1` : `${service}-${version}`;
  return mesh.sidecar(name, { service, version, ports: [{ port, protocol }] });
}

/** A sidecar whose application reaches these services, each on a port of its own. */
async function callers(name: string, services: readonly string[]): Promise<{ proxy: RunningProxy; ports: number[] }> {
  const ports = await Promise.all(services.map(freePort));
  const upstreams = services.map((service, index) => ({ service, localPort: ports[index] ?? 0 }));
  const proxy = await mesh.sidecar(name, { service: name, upstreams });
  return { proxy, ports };
}

async function metric(proxy: RunningProxy, name: string, ...labels: string[]): Promise<number> {
  const text = await (await fetch(`http://${proxy.adminAddress}/stats/prometheus`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) && labels.every((l) => line.includes(l)));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('TCP through two sidecars', () => {
  it('lets a server speak first, at once where the port is declared and soon where it is not', async () => {
    const greet = (socket: Socket): void => {
      socket.write('220 ready\r\n');
      socket.on('data', (chunk) => socket.end(`you said ${chunk}`));
    };
    const [declared, silent] = [await application(greet), await application(greet)];
    await serve('mail', declared.port, 'tcp');
    await serve('news', silent.port, 'auto');
    const services = [`mail:${declared.port}`, `news:${silent.port}`];
    const { proxy, ports } = await callers('reader', services);
    for (const [index, service] of ['mail', 'news'].entries()) {
      const socket = await vi.waitFor(async () => {
        const opened = await connectTcp(ports[index] ?? 0);
        expect(await readText(opened, '\r\n')).toBe('220 ready\r\n');
        return opened;
      }, 10_000);
      socket.write('hello');
      expect(await readText(socket)).toBe('you said hello');
      socket.end();
      const labels = [
        `destination_service_name="${service}"`,
        'reporter="source"',
        'mutual_tls',
        'request_protocol="tcp"',
      ];
      await vi.waitFor(async () => {
        expect(await metric(proxy, 'istio_tcp_sent_bytes_total', ...labels)).toBeGreaterThanOrEqual(25);
        expect(await metric(proxy, 'istio_tcp_received_bytes_total', ...labels)).toBeGreaterThanOrEqual(5);
      }, 5_000);
    }
  }, 60_000);

  it('keeps half-closed connections open, carries 100 MB each way unchanged, and leaves nothing behind', async () => {
    const bytes = 100_000_000;
    const block = randomBytes(1_000_000);
    const whole = createHash('sha256');
    for (let sent = 0; sent < bytes; sent += block.length) whole.update(block);
    const expected = whole.digest('hex');
    const send = async (socket: Socket): Promise<void> => {
      for (let sent = 0; sent < bytes && !socket.destroyed; sent += block.length) {
        if (!socket.write(block)) await once(socket, 'drain').catch(() => {});
      }
      socket.end();
    };
    const digestOf = async (socket: Socket): Promise<string> => {
      const hash = createHash('sha256');
      socket.on('data', (chunk) => hash.update(chunk));
      await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
      return hash.digest('hex');
    };
    const received: Promise<string>[] = [];
    const server = await application((socket) => {
      received.push(digestOf(socket));
      void send(socket);
    });
    await serve('store', server.port, 'tcp');
    const { proxy, ports } = await callers('copier', [`store:${server.port}`]);
    const socket = await connectWhenServed(ports[0] ?? 0);
    const [back] = await Promise.all([digestOf(socket), send(socket)]);
    expect(back).toBe(expected);
    expect(await received.at(-1)).toBe(expected);
    await vi.waitFor(() => expect(server.sockets.size).toBe(0));

    for (let round = 0; round < 20; round++) {
      const gone = await connectTcp(ports[0] ?? 0);
      gone.write(randomBytes(1 + round * 1000));
      if (round % 2 === 0) gone.once('data', () => gone.resetAndDestroy());
      else gone.destroy();
    }
    await vi.waitFor(() => expect(server.sockets.size).toBe(0), 15_000);
    await vi.waitFor(async () => {
      const labels = ['reporter="source"', 'destination_service_name="store"'];
      const opened = await metric(proxy, 'istio_tcp_connections_opened_total', ...labels);
      expect(await metric(proxy, 'istio_tcp_connections_closed_total', ...labels)).toBe(opened);
    }, 5_000);
  }, 90_000);

  it('hands on that a side broke off, through both sidecars and in either direction', async () => {
    const fates: string[] = [];
    const server = await application((socket) => {
      socket.write('hello');
      socket.on('error', (error: NodeJS.ErrnoException) => fates.push(error.code ?? ''));
      socket.on('end', () => fates.push('end'));
    });
    await serve('fragile', server.port, 'tcp');
    const { ports } = await callers('clumsy', [`fragile:${server.port}`]);
    const client = await connectWhenServed(ports[0] ?? 0);
    client.resume();
    client.resetAndDestroy();
    await vi.waitFor(() => expect(fates).toEqual(['ECONNRESET']), 5_000);
    const other = await connectWhenServed(ports[0] ?? 0);
    const failed = new Promise((resolve) => other.once('error', (error: NodeJS.ErrnoException) => resolve(error.code)));
    other.resume();
    for (const socket of server.sockets) socket.resetAndDestroy();
    expect(await failed).toBe('ECONNRESET');
  }, 30_000);

  it('keeps the connections of a caller with one instance where a policy says so', async () => {
    for (const version of ['v1', 'v2', 'v3']) {
      const { port } = await application((socket) => socket.end(version));
      await serve('memo', port, 'tcp', version);
    }
    const names = ['reader-a', 'reader-b'];
    const ports = (await Promise.all(names.map((name) => callers(name, ['memo'])))).map(
      (caller) => caller.ports[0] ?? 0,
    );
    const instances = async (port: number, connections: number): Promise<Set<string>> => {
      const seen = new Set<string>();
      for (let i = 0; i < connections; i++) seen.add(await readText(await connectTcp(port)));
      return seen;
    };
    for (const port of ports) await vi.waitFor(async () => expect((await instances(port, 12)).size).toBe(3), 10_000);
    const text = await readFile(join(import.meta.dirname, 'by-source.yaml'), 'utf8');
    const [policy] = parseDocuments(text, { fileName: 'by-source.yaml' }).documents;
    const { document } = await mesh.api.apply(kinds.BackendTrafficPolicy, policy?.document as BackendTrafficPolicy);
    await mesh.api.convergence(document.metadata.resourceVersion ?? '0', 10_000);
    for (const port of ports) expect((await instances(port, 12)).size).toBe(1);
  }, 60_000);

  it('splits connections by the weights of a TCPRoute', async () => {
    const [blue, green] = [
      await application((socket) => socket.end('blue')),
      await application((socket) => socket.end('green')),
    ];
    await serve('blue', blue.port, 'tcp');
    await serve('green', green.port, 'tcp');
    const { ports } = await callers('painter', [`blue:${blue.port}`]);
    const colour = async () => readText(await connectTcp(ports[0] ?? 0));
    await vi.waitFor(async () => expect(await colour()).toBe('blue'), 10_000);
    const backendRefs = [
      { group: '', kind: 'Service', name: 'blue', port: blue.port, weight: 3 },
      { group: '', kind: 'Service', name: 'green', port: green.port, weight: 1 },
    ];
    await mesh.api.apply(kinds.TCPRoute, {
      apiVersion: 'gateway.networking.k8s.io/v1alpha2',
      kind: 'TCPRoute',
      metadata: { name: 'split', namespace: 'default' },
      spec: { parentRefs: [{ group: '', kind: 'Service', name: 'blue', port: blue.port }], rules: [{ backendRefs }] },
    });
    await vi.waitFor(async () => expect(await colour()).toBe('green'), 10_000);
    const seen: string[] = [];
    for (let i = 0; i < 12; i++) seen.push(await colour());
    expect(seen.filter((each) => each === 'green')).toHaveLength(3);
  }, 60_000);

  it('resets a client whose service has nobody to take it', async () => {
    const gone = await application((socket) => socket.end('here'));
    const sidecar = await serve('fleeting', gone.port, 'tcp');
    const { proxy, ports } = await callers('seeker', [`fleeting:${gone.port}`]);
    await vi.waitFor(async () => expect(await readText(await connectTcp(ports[0] ?? 0))).toBe('here'), 10_000);
    await mesh.stopSidecar(sidecar);
    await vi.waitFor(async () => {
      await readText(await connectTcp(ports[0] ?? 0));
      expect(await metric(proxy, 'istio_tcp_connections_closed_total', 'response_flags="U')).toBeGreaterThan(0);
    }, 10_000);
  }, 60_000);
});

describe('an undeclared port', () => {
  it('carries HTTP/1, HTTP/2 and anything else, each as what it is', async () => {
    const port = await mesh.application((request, response) => response.end(`you asked for ${request.url}`));
    await mesh.sidecar('pages-1', { service: 'pages', ports: [port] });
    const { ports } = await callers('surfer', [`pages:${port}`]);
    const local = ports[0] ?? 0;
    const answer = await vi.waitFor(async () => {
      const got = await fetch(`http://127.0.0.1:${local}/a`);
      expect(got.status).toBe(200);
      return got;
    }, 10_000);
    expect(await answer.text()).toBe('you asked for /a');
    expect(answer.headers.get('x-envoy-upstream-service-time')).not.toBeNull();
    // a word that is no method of HTTP, in a line that is no request of HTTP: bytes, which the application refuses
    const socket = await connectTcp(local);
    socket.write('PING\r\n');
    expect(await readText(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n\r\n$/);
  }, 60_000);
});

describe('CONNECT on the proxy port', () => {
  let proxyPort: number;
  let pages: number;
  let streams: number;
  let secrets: TcpServer;

  beforeAll(async () => {
    pages = await mesh.application((request, response) => response.end(`host ${request.headers.host}`));
    secrets = await application((socket) => {
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('end', () => socket.end());
    });
    const server = createHttp2((_request, response) => response.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    streams = (server.address() as AddressInfo).port;
    await mesh.sidecar('streams-1', { service: 'streams', ports: [streams] });
    await mesh.sidecar('tunnelled-1', { service: 'tunnelled', ports: [pages] });
    await serve('secrets', secrets.port, 'tcp');
    const proxy = await mesh.sidecar('digger', { service: 'digger' });
    proxyPort = proxy.outboundPort;
    await vi.waitFor(async () => {
      const { answer, socket } = await openTunnel(proxyPort, `secrets:${secrets.port}`);
      socket.destroy();
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    }, 10_000);
  }, 60_000);

  it('leads to TCP, which is connected to before the client is answered', async () => {
    const { socket } = await openTunnel(proxyPort, `secrets.default:${secrets.port}`);
    socket.end('echo');
    expect(await readText(socket)).toBe('echo');
  });

  it('has HTTP/1 and HTTP/2 inside, for the host that it names and for no other', async () => {
    const authority = `tunnelled.default:${pages}`;
    const { socket } = await openTunnel(proxyPort, authority);
    socket.write(`GET / HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    expect(await readText(socket, 'host ')).toMatch(/^HTTP\/1\.1 200 /);
    socket.write('GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n');
    expect(await readText(socket, '}\n')).toMatch(/^HTTP\/1\.1 421 [\s\S]*x-heddle-reason: NR/);
    const name = `streams:${streams}`;
    const tunnel = await openTunnel(proxyPort, name);
    const session = connectHttp2(`http://${name}`, { createConnection: () => tunnel.socket });
    const statusOf = (headers: OutgoingHttpHeaders): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const request = session.request(headers);
        request.on('response', (answer) => resolve(answer[':status']));
        request.on('error', reject);
        request.resume();
      });
    expect(await statusOf({ ':path': '/' })).toBe(200);
    expect(await statusOf({ ':path': '/', ':authority': 'elsewhere' })).toBe(421);
    session.destroy();
    socket.destroy();
  });

  it('is refused over HTTP/2, in an answer that says what to do, and costs other streams nothing', async () => {
    const session = connectHttp2(`http://127.0.0.1:${proxyPort}`);
    const answerTo = async (headers: OutgoingHttpHeaders): Promise<{ head: IncomingHttpHeaders; body: string }> => {
      const request = session.request(headers, { endStream: false });
      const [head] = (await once(request, 'response')) as [IncomingHttpHeaders];
      const body = await text(request);
      request.close();
      return { head, body };
    };
    const { head, body } = await answerTo({ ':method': 'CONNECT', ':authority': `secrets.default:${secrets.port}` });
    expect(head).toMatchObject({ ':status': 403, 'x-heddle-reason': 'NR' });
    expect(JSON.parse(body)).toMatchObject({
      reason: 'upgradeNotSupported',
      detail: 'CONNECT over HTTP/2 is not carried; the HTTP proxy port takes it over HTTP/1.1',
    });
    const other = session.request({ ':path': '/', ':authority': `streams.default:${streams}` });
    const [answer] = (await once(other, 'response')) as [IncomingHttpHeaders];
    expect(answer[':status']).toBe(200);
    other.close();
    session.destroy();
  });

  it.each([
    ['127.0.0.1:22', 403],
    ['localhost:22', 403],
    ['169.254.169.254:80', 403],
    ['nobody.default.svc.cluster.local:80', 404],
  ])('refuses %s before it says that there is a tunnel', async (authority, status) => {
    const { answer, socket } = await openTunnel(proxyPort, authority);
    socket.destroy();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*x-heddle-reason: NR`));
  });

  it('leads outside, as far as the policy for hosts outside goes', async () => {
    const outside = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    if (outside === undefined) return;
    const server = await application((socket) => socket.end('from outside'), '0.0.0.0');
    const { answer, socket } = await openTunnel(proxyPort, `${outside}:${server.port}`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer.split('\r\n\r\n')[1] || (await readText(socket))).toBe('from outside');
    const { answer: refused } = await openTunnel(proxyPort, `${outside}:1`);
    expect(refused).toMatch(/^HTTP\/1\.1 503 [\s\S]*x-heddle-reason: UF/);
  });
});
