import type { Socket } from 'node:net';
import { connect } from 'node:net';

/** What came back over one connection. */
export interface RawAnswer {
  readonly text: string;
  /** Status of the first answer, 0 when there was none. */
  readonly status: number;
  readonly isClosed: boolean;
}

/** Sends bytes as they are and reads until `until` is satisfied or the peer closes; at most `maxMs`. */
export async function sendRaw(
  port: number,
  parts: string | readonly string[],
  until: (text: string) => boolean = () => false,
  maxMs = 3000,
): Promise<RawAnswer> {
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.on('error', () => {});
  const answer = read(socket, until, maxMs);
  for (const part of typeof parts === 'string' ? [parts] : parts) {
    await new Promise<void>((resolve) => socket.write(part, 'latin1', () => resolve()));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return await answer;
}

function read(socket: Socket, until: (text: string) => boolean, maxMs: number): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = '';
    const finish = (isClosed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, status: Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(text)?.[1] ?? 0), isClosed });
    };
    const timer = setTimeout(() => finish(false), maxMs);
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (until(text)) finish(false);
    });
    socket.on('close', () => finish(true));
  });
}
