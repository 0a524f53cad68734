import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';

/** An application that speaks no HTTP, on a free port of loopback. Its clients may end first. */
export class TcpServer {
  readonly sockets = new Set<Socket>();
  /** All that were ever accepted. */
  accepted = 0;
  readonly #server: Server;

  private constructor(onSocket: (socket: Socket) => void) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.accepted++;
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      onSocket(socket);
    });
  }

  static async start(onSocket: (socket: Socket) => void, host = '127.0.0.1'): Promise<TcpServer> {
    const server = new TcpServer(onSocket);
    server.#server.listen(0, host);
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
