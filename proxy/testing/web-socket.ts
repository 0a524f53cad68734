import type { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

/** Takes what undoes something at the end of a test. */
export type AtEnd = (close: () => Promise<unknown>) => void;

/** An application that sends back what it gets over WebSocket, in the first subprotocol that is offered; its port. */
export async function startEcho(atEnd: AtEnd): Promise<number> {
  const handleProtocols = (offered: Set<string>) => [...offered][0] ?? false;
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols });
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await once(server, 'listening');
  atEnd(async () => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A client that is open. */
export async function openWebSocket(port: number, atEnd: AtEnd, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/room?x=1`, protocols);
  atEnd(async () => socket.terminate());
  await once(socket, 'open');
  return socket;
}

/** Sends a message; the next one that comes. */
export async function ask(socket: WebSocket, message: string | Buffer): Promise<Buffer> {
  const answer = once(socket, 'message');
  socket.send(message);
  const [data] = (await answer) as [Buffer];
  return data;
}
