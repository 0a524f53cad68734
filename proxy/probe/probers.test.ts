import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { serviceDefinition } from '../../proto/load.ts';
import { ALPN_HTTP1, ALPN_HTTP2, ALPN_TCP } from '../../proto/names.ts';
import type { HttpCheck, TcpCheck } from '../resilience/health-check/health-check-settings.ts';
import { holderOf } from '../testing/mesh-identity.ts';
import { IdentityHolder, secureContextOptions } from '../tls/mesh-identity.ts';
import { SessionCache } from '../tls/session-cache.ts';
import { ConnectionBudget, noPlace } from './connection-budget.ts';
import { GrpcProber } from './grpc-prober.ts';
import { HttpProber } from './http-prober.ts';
import { ProbeTarget } from './probe-target.ts';
import { TcpProber } from './tcp-prober.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const httpCheck: HttpCheck = {
  kind: 'http',
  host: 'cart.default.svc.cluster.local',
  path: '/healthz',
  method: 'GET',
  protocol: 'http1',
  expectedStatuses: [{ start: 200, end: 201 }],
  retriableStatuses: [],
  receive: [],
  maxBodyBytes: 1024,
};
const tcpCheck: TcpCheck = { kind: 'tcp', send: null, receive: [] };

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function plain(port: number): ProbeTarget {
  return new ProbeTarget({ address: '127.0.0.1', port, mesh: null }, new IdentityHolder(), new SessionCache());
}

const budget = new ConnectionBudget();
const timeLimit = () => AbortSignal.timeout(2_000);

function http(check: Partial<HttpCheck>, target: ProbeTarget, reusesConnection = true): HttpProber {
  const prober = new HttpProber({ ...httpCheck, ...check }, target, reusesConnection ? budget.place() : noPlace());
  closers.push(() => prober.close());
  return prober;
}

describe('HttpProber', () => {
  it.each([
    { status: 200, check: {}, kind: 'success' },
    { status: 204, check: {}, kind: 'failure' },
    { status: 204, check: { expectedStatuses: [{ start: 200, end: 300 }] }, kind: 'success' },
    { status: 301, check: {}, kind: 'failure' },
    { status: 503, check: {}, kind: 'failure' },
    { status: 503, check: { retriableStatuses: [{ start: 500, end: 600 }] }, kind: 'network' },
    { status: 200, check: { receive: [Buffer.from('all'), Buffer.from('well')] }, kind: 'success' },
    { status: 200, check: { receive: [Buffer.from('well'), Buffer.from('all')] }, kind: 'failure' },
    { status: 200, check: { receive: [Buffer.from('well')], maxBodyBytes: 5 }, kind: 'failure' },
    { status: 200, check: { receive: [Buffer.from('well')], maxBodyBytes: 0 }, kind: 'success' },
  ] as const)('takes $status for $kind with $check', async ({ status, check, kind }) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end(status === 204 ? '' : 'all is well');
    });
    const port = await listen(server);
    expect(await http(check, plain(port)).check(timeLimit())).toMatchObject({ kind });
  });

  it('asks as it is told to, on one connection', async () => {
    const seen: string[] = [];
    let connections = 0;
    const server = createServer(({ method, url, headers }, response) => {
      seen.push(`${method} ${url} ${headers.host} ${headers['user-agent']}`);
      response.end();
    }).on('connection', () => connections++);
    const prober = http({ method: 'OPTIONS', path: '/live?deep=1', host: 'cart' }, plain(await listen(server)));
    for (let i = 0; i < 3; i++) expect(await prober.check(timeLimit())).toEqual({ kind: 'success' });
    expect(seen).toEqual(Array(3).fill('OPTIONS /live?deep=1 cart Heddle/HC'));
    expect(connections).toBe(1);
  });

  it('makes a connection for each check where connections are not kept', async () => {
    let connections = 0;
    const server = createServer((_request, response) => response.end()).on('connection', () => connections++);
    const prober = http({}, plain(await listen(server)), false);
    for (let i = 0; i < 3; i++) expect(await prober.check(timeLimit())).toEqual({ kind: 'success' });
    expect(connections).toBe(3);
  });

  it('speaks HTTP/2 where told to', async () => {
    const server = createHttp2Server((request, response) => {
      response.writeHead(request.headers[':authority'] === 'cart' ? 200 : 500).end('x');
    });
    const port = await listen(server);
    const prober = http({ protocol: 'http2', host: 'cart' }, plain(port));
    expect(await prober.check(timeLimit())).toEqual({ kind: 'success' });
    expect(await prober.check(timeLimit())).toEqual({ kind: 'success' });
  });

  it.each([
    ['nobody listens', null],
    ['the connection is cut', (socket: Socket) => socket.destroy()],
    ['the answer is no HTTP', (socket: Socket) => socket.end('hello\r\n\r\n')],
    ['nothing is answered', () => {}],
  ] as const)('has no answer when %s, and can be asked again', async (_, serve) => {
    const port = await listen(createTcpServer(serve ?? (() => {})));
    if (serve === null) await closers.pop()?.();
    const prober = http({}, plain(port));
    for (let i = 0; i < 2; i++) {
      expect(await prober.check(AbortSignal.timeout(100))).toMatchObject({ kind: 'network' });
    }
  });

  it('does not read an endless body', async () => {
    const server = createServer((_request, response) => {
      const push = (): void => {
        while (response.write(Buffer.alloc(16_384)));
      };
      response.on('drain', push);
      push();
    });
    expect(await http({}, plain(await listen(server))).check(timeLimit())).toEqual({ kind: 'success' });
  });
});

describe('TcpProber', () => {
  it.each([
    { check: {}, answer: '', kind: 'success' },
    { check: { send: Buffer.from('PING\r\n'), receive: [Buffer.from('+PONG')] }, answer: '+PONG\r\n', kind: 'success' },
    { check: { send: Buffer.from('PING\r\n'), receive: [Buffer.from('+PONG')] }, answer: '-ERR\r\n', kind: 'network' },
    { check: { receive: [Buffer.from('220')] }, answer: '220 ready', kind: 'success' },
  ] as const)('comes to $kind with $check and the answer $answer', async ({ check, answer, kind }) => {
    const server = createTcpServer((socket) => {
      if ('send' in check && check.send !== undefined) {
        socket.once('data', (data) => socket.write(String(data) === 'PING\r\n' ? answer : ''));
      } else socket.write(answer);
    });
    const prober = new TcpProber({ ...tcpCheck, ...check }, plain(await listen(server)));
    expect(await prober.check(AbortSignal.timeout(kind === 'success' ? 2_000 : 100))).toMatchObject({ kind });
  });

  it('fails where nobody listens', async () => {
    const port = await listen(createTcpServer());
    await closers.pop()?.();
    const outcome = await new TcpProber(tcpCheck, plain(port)).check(timeLimit());
    expect(outcome).toMatchObject({ kind: 'network', reason: expect.stringContaining('ECONNREFUSED') });
  });
});

type Serving = 'SERVING' | 'NOT_SERVING' | 'NOT_FOUND';

async function grpcServer(answer: () => Serving): Promise<number> {
  const server = new GrpcServer();
  server.addService(serviceDefinition('grpc.health.v1.Health') as never, {
    Check: (
      { request }: { request: { service: string } },
      reply: (error: { code: number } | null, answer?: object) => void,
    ) => {
      const said = request.service === 'shop.Cart' ? answer() : 'NOT_FOUND';
      reply(said === 'NOT_FOUND' ? { code: 5 } : null, { status: said });
    },
  });
  closers.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

function grpc(target: ProbeTarget, service = 'shop.Cart'): GrpcProber {
  const prober = new GrpcProber({ kind: 'grpc', service, authority: 'cart' }, target, budget.place());
  closers.push(() => prober.close());
  return prober;
}

describe('GrpcProber', () => {
  it('takes SERVING for well, and nothing else', async () => {
    let says: Serving = 'SERVING';
    const prober = grpc(plain(await grpcServer(() => says)));
    expect(await prober.check(timeLimit())).toEqual({ kind: 'success' });
    says = 'NOT_SERVING';
    expect(await prober.check(timeLimit())).toEqual({ kind: 'failure', reason: 'the service says NOT_SERVING' });
    says = 'SERVING';
    expect(await prober.check(timeLimit())).toEqual({ kind: 'success' });
  });

  it('takes the status of a service that is not there for a wrong answer', async () => {
    const prober = grpc(plain(await grpcServer(() => 'SERVING')), 'shop.Other');
    expect(await prober.check(timeLimit())).toMatchObject({ kind: 'failure' });
  });

  it('has no answer where nobody listens, and finds who listens later at once', async () => {
    const server = createTcpServer();
    const port = await listen(server);
    const prober = grpc(plain(port));
    expect(await prober.check(AbortSignal.timeout(200))).toMatchObject({ kind: 'network' });
    await closers.splice(0, 1)[0]?.();
    expect(await prober.check(timeLimit())).toMatchObject({ kind: 'network' });
  });
});

describe('checks of a meshed endpoint', () => {
  const mesh = createTestMesh();
  const web = holderOf(mesh, 'web');

  /** A sidecar that hands each connection to a server of what it was opened for; its port, and what was negotiated. */
  async function sidecar(serve: (socket: Socket) => void): Promise<{ port: number; alpn: string[] }> {
    const { current } = holderOf(mesh, 'cart');
    if (current === null) throw new Error('no identity');
    const alpn: string[] = [];
    const server = createTlsServer(
      {
        ...secureContextOptions(current),
        requestCert: true,
        rejectUnauthorized: true,
        ALPNProtocols: [ALPN_HTTP2, ALPN_HTTP1, ALPN_TCP],
      },
      (socket) => {
        alpn.push(String(socket.alpnProtocol));
        socket.on('error', () => {});
        serve(socket);
      },
    );
    return { port: await listen(server), alpn };
  }

  function meshed(port: number, expected = 'cart', alpnProtocols = [ALPN_HTTP1, ALPN_HTTP2, ALPN_TCP]): ProbeTarget {
    const expectedIdentities = [mesh.id(expected)];
    const address = { address: '127.0.0.1', port, mesh: { sni: 'cart', alpnProtocols, expectedIdentities } };
    return new ProbeTarget(address, web, new SessionCache());
  }

  const http1 = (listener: RequestListener) => {
    const server = createServer(listener);
    return (socket: Socket) => void server.emit('connection', socket);
  };

  it('go with mutual TLS over HTTP/1.1', async () => {
    const { port, alpn } = await sidecar(http1((_request, response) => response.end()));
    const prober = http({}, meshed(port));
    expect(await prober.check(timeLimit())).toEqual({ kind: 'success' });
    expect(await prober.check(timeLimit())).toEqual({ kind: 'success' });
    expect(alpn).toEqual([ALPN_HTTP1]);
  });

  it('go with mutual TLS over gRPC', async () => {
    const inside = createHttp2Server();
    inside.on('stream', (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1])); // SERVING
    });
    const { port, alpn } = await sidecar((socket) => void inside.emit('connection', socket));
    expect(await grpc(meshed(port)).check(timeLimit())).toEqual({ kind: 'success' });
    expect(alpn).toEqual([ALPN_HTTP2]);
  });

  it('go with mutual TLS over TCP, and fail when what was accepted is cut', async () => {
    const { port, alpn } = await sidecar(() => {});
    expect(await new TcpProber(tcpCheck, meshed(port)).check(timeLimit())).toEqual({ kind: 'success' });
    expect(alpn).toEqual([ALPN_TCP]);
    const cut = await sidecar((socket) => socket.destroy());
    expect(await new TcpProber(tcpCheck, meshed(cut.port)).check(timeLimit())).toMatchObject({ kind: 'network' });
  });

  it('are carried as TCP to a port that takes nothing else', async () => {
    const { port, alpn } = await sidecar(http1((_request, response) => response.end()));
    expect(await http({}, meshed(port, 'cart', [ALPN_TCP])).check(timeLimit())).toEqual({ kind: 'success' });
    expect(alpn).toEqual([ALPN_TCP]);
  });

  it.each(['http', 'tcp', 'grpc'])('fail with somebody else than was expected: %s', async (kind) => {
    let requests = 0;
    const { port } = await sidecar(http1((_request, response) => response.end(String(requests++))));
    const target = meshed(port, 'pay');
    const prober = { http: http({}, target), tcp: new TcpProber(tcpCheck, target), grpc: grpc(target) }[kind];
    expect(await prober?.check(timeLimit())).toMatchObject({ kind: 'network' });
    expect(requests).toBe(0);
  });

  it.each(['http', 'tcp', 'grpc'])('end with their time where a handshake does not: %s', async (kind) => {
    const port = await listen(createTcpServer(() => {}));
    const target = meshed(port);
    const prober = { http: http({}, target), tcp: new TcpProber(tcpCheck, target), grpc: grpc(target) }[kind];
    expect(await prober?.check(AbortSignal.timeout(100))).toMatchObject({ kind: 'network' });
  });
});
