import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { createTestMesh } from '../../../certs/testing/test-identity.ts';
import type { OpenedTransport } from '../open-transport.ts';

/** Makes a transport over an accepted socket; `raw` is what TLS runs over, or the same. */
export type OpenOver = (socket: Socket, raw: Socket) => OpenedTransport;

const mesh = createTestMesh();

/** Transports with ordinary sockets at their other ends, until `close`. */
export class TransportPairs {
  readonly #kind: 'plain' | 'TLS';
  readonly #open: OpenOver;
  readonly #servers: Server[] = [];
  readonly #sockets: Socket[] = [];

  constructor(kind: 'plain' | 'TLS', open: OpenOver) {
    this.#kind = kind;
    this.#open = open;
  }

  async make(): Promise<{ transport: OpenedTransport; peer: Socket }> {
    let raw: Socket | null = null;
    const accepted = new Promise<Socket>((resolve) => {
      const server =
        this.#kind === 'plain'
          ? createServer({ noDelay: true }, resolve)
          : createTlsServer({ ...mesh.identity('cart'), noDelay: true }, resolve);
      server.prependListener('connection', (socket: Socket) => {
        raw = socket;
      });
      this.#servers.push(server);
      server.listen(0, '127.0.0.1');
    });
    const server = this.#servers.at(-1) as Server; // the one that was just made
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const peer =
      this.#kind === 'plain'
        ? connect(port, '127.0.0.1')
        : connectTls({ port, host: '127.0.0.1', ca: mesh.bundlePem, checkServerIdentity: () => undefined });
    peer.on('error', () => {});
    this.#sockets.push(peer);
    // made in the very turn in which the connection comes, as listeners do
    const transport = await accepted.then((socket) => {
      this.#sockets.push(socket);
      return this.#open(socket, raw ?? socket);
    });
    return { transport, peer };
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
    for (const server of this.#servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Keeps what arrives, and the names of all else that happens. */
export function listen(transport: OpenedTransport): { text(): string; events: string[] } {
  let text = '';
  const events: string[] = [];
  transport.setHandler({
    onBytes: (buffer, length) => {
      text += buffer.toString('latin1', 0, length);
    },
    onEnd: () => events.push('end'),
    onDrain: () => events.push('drain'),
    onClose: () => events.push('close'),
  });
  return { text: () => text, events };
}

/** All that comes until the other side has ended. */
export async function receive(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  return Buffer.concat(chunks);
}
