import { once } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ClientDuplexStream, ServerDuplexStream, ServiceError, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Client, credentials, Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { Forwarder, ForwarderOptions } from '../testing/forwarder.ts';
import { startForwarder, startMesh } from '../testing/forwarder.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(port: number, options: ForwarderOptions): Promise<Forwarder> {
  const forwarder = await startForwarder([port], options);
  closers.push(forwarder.close);
  return forwarder;
}

/** A WebSocket server of HTTP/1 that sends everything back, and says goodbye with 4000. */
async function startWebSockets(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    socket.on('message', (message, isBinary) => {
      if (String(message) === 'bye') socket.close(4000, 'bye');
      else socket.send(message, { binary: isBinary });
    });
  });
  await once(server, 'listening');
  closers.push(async () => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A server of HTTP/2 that takes extended CONNECT and sends every byte back. */
async function startTunnels(): Promise<number> {
  const server = createServer({ settings: { enableConnectProtocol: true } });
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    if (headers[':protocol'] !== 'websocket') {
      stream.respond({ ':status': 400 }, { endStream: true });
      return;
    }
    stream.respond({ ':status': 200, 'sec-websocket-protocol': 'echo' });
    stream.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Opens a WebSocket by extended CONNECT (RFC 8441); resolves with the status and the stream. */
async function openTunnel(port: number) {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  closers.push(async () => session.destroy());
  await once(session, 'remoteSettings');
  expect(session.remoteSettings.enableConnectProtocol).toBe(true);
  const stream = session.request({
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':path': '/chat',
    ':authority': 'shop.example',
    'sec-websocket-version': '13',
  });
  stream.on('error', () => {});
  const [headers] = await once(stream, 'response');
  return { stream, status: headers[':status'] as number };
}

/** A WebSocket text frame as a client must send it, masked (RFC 6455 section 5.2). */
function textFrame(text: string): Buffer {
  const mask = [1, 2, 3, 4];
  const payload = Buffer.from(text).map((byte, i) => byte ^ (mask[i % 4] as number));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, ...mask]), payload]);
}

describe('WebSocket', () => {
  it('over HTTP/2 reaches a server of HTTP/1, and ends as it says', async () => {
    const { port, recorded } = await start(await startWebSockets(), { cluster: { upstreamProtocol: 'http1' } });
    const { stream, status: answered } = await openTunnel(port);
    expect(answered).toBe(200);
    stream.write(textFrame('hello'));
    const [echo] = (await once(stream, 'data')) as [Buffer];
    expect(echo.subarray(2).toString()).toBe('hello');
    stream.write(textFrame('bye'));
    const [close] = (await once(stream, 'data')) as [Buffer];
    expect([close[0], close.readUInt16BE(2)]).toEqual([0x88, 4000]);
    stream.end(Buffer.from([0x88, 0x80, 1, 2, 3, 4]));
    await once(stream, 'close');
    expect(recorded).toMatchObject([{ status: 101, flag: '-' }]);
  });

  it('over HTTP/2 all the way, each direction ended by itself', async () => {
    const { port } = await start(await startTunnels(), { cluster: { upstreamProtocol: 'downstream' } });
    const { stream, status: answered } = await openTunnel(port);
    expect(answered).toBe(200);
    const received: Buffer[] = [];
    stream.on('data', (bytes: Buffer) => received.push(bytes));
    const large = Buffer.alloc(1_000_000, 'w');
    stream.write('hello');
    stream.end(large); // what is on its way back then still comes
    await once(stream, 'end');
    expect(Buffer.concat(received).length).toBe(5 + large.length);
  });

  it('of HTTP/1 reaches a server of HTTP/2', async () => {
    const { port } = await start(await startTunnels(), { cluster: { upstreamProtocol: 'http2' } });
    const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, 'echo');
    await once(socket, 'open');
    expect(socket.protocol).toBe('echo');
    // the server sends back what it gets, which is masked: no client takes that
    socket.send('hello');
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('MASK');
  });

  it('is refused where the upstream does not know extended CONNECT', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(async () => {
      server.close();
    });
    const { port } = await start((server.address() as AddressInfo).port, { cluster: { upstreamProtocol: 'http2' } });
    expect((await openTunnel(port)).status).toBe(403);
  });
});

const identity = (bytes: Buffer) => bytes;
const unary = (path: string) => ({
  path,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
});
const service = {
  echo: { ...unary('/test.Echo/echo'), requestStream: false, responseStream: false },
  fail: { ...unary('/test.Echo/fail'), requestStream: false, responseStream: false },
  chat: { ...unary('/test.Echo/chat'), requestStream: true, responseStream: true },
} as const;

/** Calls that a server saw cancelled. */
let cancelled: (() => void) | null = null;

async function startGrpc(): Promise<number> {
  const server = new Server();
  const implementation: UntypedServiceImplementation = {
    echo: (
      call: { request: Buffer; metadata: Metadata },
      callback: (error: null, reply: Buffer, trailer: Metadata) => void,
    ) => {
      const trailer = new Metadata();
      trailer.set('x-saw', String(call.metadata.get('x-client')[0]));
      callback(null, call.request, trailer);
    },
    fail: (_call: unknown, callback: (error: Partial<ServiceError>) => void) => {
      callback({ code: status.NOT_FOUND, details: 'no such thing: ä' });
    },
    chat: (call: ServerDuplexStream<Buffer, Buffer>) => {
      call.on('cancelled', () => cancelled?.());
      call.on('data', (bytes: Buffer) => call.write(Buffer.concat([Buffer.from('re: '), bytes])));
      call.on('end', () => call.end());
      call.on('error', () => {});
    },
  };
  server.addService(service, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  closers.push(async () => server.forceShutdown());
  return port;
}

function grpcClient(port: number): Client {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  closers.push(async () => client.close());
  return client;
}

function callUnary(client: Client, path: string, request: Buffer): Promise<{ reply: Buffer; trailers: Metadata }> {
  return new Promise((resolve, reject) => {
    const metadata = new Metadata();
    metadata.set('x-client', 'one');
    let trailers = new Metadata();
    const call = client.makeUnaryRequest(path, identity, identity, request, metadata, (error, reply) => {
      if (error !== null) reject(error);
      else call.on('status', () => resolve({ reply: reply as Buffer, trailers }));
    });
    call.on('status', (received) => {
      trailers = received.metadata;
    });
  });
}

const chatOn = (client: Client): ClientDuplexStream<Buffer, Buffer> =>
  client.makeBidiStreamRequest('/test.Echo/chat', identity, identity, new Metadata(), {});

describe.each(['one sidecar', 'two sidecars and mutual TLS'])('gRPC through %s', (kind) => {
  async function client(): Promise<Client> {
    const application = await startGrpc();
    const options: ForwarderOptions = { cluster: { upstreamProtocol: 'downstream' } };
    if (kind === 'one sidecar') return grpcClient((await start(application, options)).port);
    const { outbound } = await startMesh(application, (stop) => closers.push(stop), options);
    return grpcClient(outbound.port);
  }

  it('calls, with metadata both ways', async () => {
    const grpc = await client();
    const { reply, trailers } = await callUnary(grpc, '/test.Echo/echo', Buffer.from('hello'));
    expect(reply.toString()).toBe('hello');
    expect(trailers.get('x-saw')).toEqual(['one']);
  });

  it('calls with a large message', async () => {
    const grpc = await client();
    const large = Buffer.alloc(2_000_000, 'm');
    const { reply } = await callUnary(grpc, '/test.Echo/echo', large);
    expect(reply.equals(large)).toBe(true);
  });

  it('keeps the status of a call that fails', async () => {
    const grpc = await client();
    await expect(callUnary(grpc, '/test.Echo/fail', Buffer.from(''))).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'no such thing: ä',
    });
    await expect(callUnary(grpc, '/test.Echo/none', Buffer.from(''))).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });

  it('streams both ways, message by message', async () => {
    const call = chatOn(await client());
    for (const word of ['a', 'b', 'c']) {
      call.write(Buffer.from(word));
      const [answer] = (await once(call, 'data')) as [Buffer];
      expect(answer.toString()).toBe(`re: ${word}`);
    }
    call.end();
    const [end] = await once(call, 'status');
    expect(end.code).toBe(status.OK);
  });

  it('tells the server that a call was cancelled', async () => {
    const heard = new Promise<void>((resolve) => {
      cancelled = resolve;
    });
    const call = chatOn(await client());
    call.on('error', () => {});
    call.write(Buffer.from('x'));
    await once(call, 'data');
    call.cancel();
    await heard;
  });

  it('runs many calls at once', async () => {
    const grpc = await client();
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, i) => callUnary(grpc, '/test.Echo/echo', Buffer.from(`call ${i}`))),
    );
    expect(replies.map(({ reply }) => reply.toString())).toEqual(replies.map((_, i) => `call ${i}`));
  });
});
