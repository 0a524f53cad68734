import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { ListenerPlace } from '../serve/listener-place.ts';

/** Accepts connections and reads none of them: they are for a worker. It stays open whatever becomes of the workers. */
export class AcceptingSocket {
  /** Where it listens, for those that serve what it accepts. */
  readonly place: ListenerPlace;
  readonly #server: Server;

  private constructor(server: Server, place: ListenerPlace) {
    this.#server = server;
    this.place = place;
  }

  /** Rejects with Node's error when the address cannot be had. `onError` is told of others, such as EMFILE. */
  static async listen(
    place: ListenerPlace,
    onSocket: (socket: Socket) => void,
    onError: (error: Error) => void,
  ): Promise<AcceptingSocket> {
    const server = createServer({ pauseOnConnect: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: place.host, port: place.port, backlog: 4096 }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', onError);
    server.on('connection', (socket) => {
      socket.on('error', () => {}); // whoever serves it finds out too
      onSocket(socket);
    });
    const { address: host, port } = server.address() as AddressInfo; // it listens on TCP
    return new AcceptingSocket(server, { ...place, host, port, isHandedOver: true });
  }

  close(): void {
    this.#server.close();
  }
}
