import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { WebSocketServer } from 'ws';
import type { EchoServer } from '../grpc/echo.ts';
import { startEchoServer } from '../grpc/echo.ts';

/** Programs behind a sidecar that we did not write: node:http with ws, node:http2, grpc-js; an echo over TCP; and one that nobody may reach. */
export class Applications {
  /** What a strict server found wrong with what reached it; empty as long as the sidecar forwards only what is well-formed. */
  readonly malformed: string[] = [];
  /** All that reached the application to which every request is one that must be refused. */
  reachedQuiet = '';
  readonly grpc: number;
  http = 0;
  http2 = 0;
  tcp = 0;
  quiet = 0;
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();
  readonly #echo: EchoServer;

  private constructor(echo: EchoServer) {
    this.#echo = echo;
    this.#servers = [this.#httpServer(), this.#http2Server(), this.#tcpServer(), this.#quietServer()];
    this.grpc = echo.port;
  }

  static async start(): Promise<Applications> {
    const applications = new Applications(await startEchoServer('echo'));
    const ports = await Promise.all(applications.#servers.map(listen));
    [applications.http, applications.http2, applications.tcp, applications.quiet] = ports as [
      number,
      number,
      number,
      number,
    ];
    return applications;
  }

  /** Connections that are open now, those of gRPC left out. */
  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#echo.stop();
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #httpServer(): Server {
    const server = createServer({ keepAliveTimeout: 60_000 }, echo);
    server.on('clientError', (error: ClientError, socket) => {
      if (error.code?.startsWith('HPE_') && !isWellFormed(error)) {
        this.malformed.push(`${error.code} ${JSON.stringify(error.rawPacket?.toString('latin1').slice(0, 2000))}`);
      }
      socket.destroy();
    });
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    });
    sockets.on('error', () => {});
    return this.#tracked(server);
  }

  #http2Server(): Server {
    // Node bears with little from one session, and here one session carries what many clients do, hostile ones among them
    const server = createHttp2Server({
      maxSessionMemory: 100,
      maxSessionInvalidFrames: 1_000_000,
      maxSessionRejectedStreams: 1_000_000,
    });
    server.on('sessionError', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') this.malformed.push(`HTTP/2 ${error.message}`);
    });
    server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      if (headers[':method'] === 'HEAD') {
        stream.respond({ ':status': 200 }, { endStream: true });
        return;
      }
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    return this.#tracked(server);
  }

  #tcpServer(): Server {
    return this.#tracked(createTcpServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)));
  }

  #quietServer(): Server {
    const server = createTcpServer((socket) => {
      socket.on('data', (bytes) => {
        this.reachedQuiet += bytes.toString('latin1').slice(0, 1000);
      });
    });
    return this.#tracked(server);
  }

  #tracked(server: Server): Server {
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
    return server;
  }
}

type ClientError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/**
 * A message that ends too early is what giving up looks like; 60 KiB of headers are more than Node takes; and it knows a
 * list of methods, where any token will do.
 */
function isWellFormed({ code, rawPacket }: ClientError): boolean {
  if (code === 'HPE_INVALID_EOF_STATE' || code === 'HPE_HEADER_OVERFLOW') return true;
  return code === 'HPE_INVALID_METHOD' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ /.test(rawPacket?.toString('latin1') ?? '');
}

async function listen(server: Server): Promise<number> {
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => {});
  response.on('error', () => {});
  request.pipe(response);
}
