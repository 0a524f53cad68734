import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

const clients = new Set<Socket>();

/** Closes what a test has left open. */
export function closeClients(): void {
  for (const socket of clients) socket.destroy();
}

/** A client of TCP that may end first, as `nc -N` does. */
export async function connectTcp(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  socket.on('error', () => {});
  clients.add(socket);
  socket.once('close', () => clients.delete(socket));
  await once(socket, 'connect');
  return socket;
}

/** How long the other side may take until it is there. */
const SERVED_MS = 20_000;

/**
 * As `connectTcp`, as soon as the other side is there: it must be the first to speak.
 *
 * @throws Error when nobody is there for 20 s, so that a test that fails leaves no loop behind
 */
export async function connectWhenServed(port: number): Promise<Socket> {
  const lastLookMs = performance.now() + SERVED_MS;
  while (performance.now() < lastLookMs) {
    const socket = await connectTcp(port).catch(() => null);
    const isServed = await new Promise<boolean>((resolve) => {
      socket?.once('readable', () => resolve(socket.readableLength > 0));
      socket?.once('close', () => resolve(false));
      if (socket === null) resolve(false);
    });
    if (isServed && socket !== null) return socket;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`nobody speaks on port ${port} after ${SERVED_MS} ms`);
}

/** What comes until `until` is there, or the other side has ended. */
export function readText(socket: Socket, until = '\0never'): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const finish = (): void => {
      socket.off('data', onData);
      resolve(text);
    };
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (text.includes(until)) finish();
    };
    socket.on('data', onData);
    socket.once('end', finish);
    socket.once('close', finish);
  });
}

/** Opens a tunnel through the HTTP proxy port; the answer, and the socket with what follows it. */
export async function openTunnel(proxyPort: number, authority: string): Promise<{ answer: string; socket: Socket }> {
  const socket = await connectTcp(proxyPort);
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  const answer = await readText(socket, '\r\n\r\n');
  return { answer, socket };
}
