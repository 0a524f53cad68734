import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HandleTransport } from './handle-transport.ts';
import type { OpenedTransport } from './open-transport.ts';
import { SocketTransport } from './socket-transport.ts';

/** More than the kernel buffers between two sockets. */
const BYTES = 32_000_000;

let accepted: Socket;
let client: Socket;
const kinds: readonly [name: string, open: (socket: Socket) => OpenedTransport][] = [
  ['SocketTransport', (socket) => new SocketTransport(socket)],
  ['HandleTransport', (socket) => new HandleTransport(socket)],
];

beforeEach(async () => {
  const server = createServer((socket) => {
    accepted = socket;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  await Promise.all([once(client, 'connect'), once(server, 'connection')]);
  server.close();
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});

afterEach(() => {
  vi.useRealTimers();
  client.destroy();
  accepted.destroy();
});

describe.each(kinds)('%s at its end', (_name, open) => {
  it('ends only when a client that reads slowly has everything', async () => {
    const transport = opened(open);
    transport.writeBytes(Buffer.alloc(BYTES), 0, BYTES, true);
    transport.end();
    vi.advanceTimersByTime(30_000);
    expect(accepted.destroyed).toBe(false);
    let received = 0;
    client.on('data', (chunk) => {
      received += chunk.length;
    });
    client.resume();
    await once(client, 'end');
    expect(received).toBe(BYTES);
  });

  it('gives up a client that takes nothing for a minute', () => {
    const transport = opened(open);
    transport.writeBytes(Buffer.alloc(BYTES), 0, BYTES, true);
    transport.end();
    vi.advanceTimersByTime(61_000);
    expect(accepted.destroyed).toBe(true);
  });

  it('cuts a client that does not close after a second', async () => {
    const transport = opened(open);
    transport.writeText('bye');
    const finished = once(accepted, 'finish');
    transport.end();
    await finished;
    vi.advanceTimersByTime(2_000);
    expect(accepted.destroyed).toBe(true);
  });

  it('resets where the end of the connection must not look like the end of the body', async () => {
    const transport = opened(open);
    const closed = once(client, 'error');
    client.resume();
    transport.reset();
    expect(await closed).toMatchObject([{ code: 'ECONNRESET' }]);
  });
});

function opened(open: (socket: Socket) => OpenedTransport): OpenedTransport {
  const transport = open(accepted);
  transport.startReading();
  return transport;
}
