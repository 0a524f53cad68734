import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { HandleTransport, hasStreamHandles } from './handle-transport.ts';

/** Long enough for many reads and for writes that the kernel cannot take at once. */
const PROBE_BYTES = 1_500_000;
const PIECE_BYTES = 50_000;
const TIMEOUT_MS = 2000;

/**
 * Whether `HandleTransport` carries bytes unchanged on this Node: sends 1.5 MB over loopback and back, in text and in
 * buffers, with pauses in between, and compares. Takes some 10 ms. Resolves to the reason when it does not work.
 */
export async function handleSelfTest(): Promise<'works' | { readonly reason: string }> {
  if (!hasStreamHandles) return { reason: 'this Node has no stream handles' };
  try {
    const echoed = await echo(probe());
    return echoed === digest(probe()) ? 'works' : { reason: 'bytes came back changed' };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

function probe(): Buffer {
  const bytes = Buffer.allocUnsafe(PROBE_BYTES);
  for (let at = 0; at < PROBE_BYTES; at++) bytes[at] = (at * 31 + (at >> 8)) & 255;
  return bytes;
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Digest of what an echo server on handles sent back to a client on handles. */
function echo(bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, (socket) => echoBack(socket));
    const timer = setTimeout(() => finish(new Error('no answer')), TIMEOUT_MS);
    let client: Socket | null = null;
    const finish = (outcome: string | Error): void => {
      clearTimeout(timer);
      client?.destroy();
      server.close();
      if (typeof outcome === 'string') resolve(outcome);
      else reject(outcome);
    };
    server.on('error', finish);
    server.listen(0, '127.0.0.1', () => {
      client = connect((server.address() as AddressInfo).port, '127.0.0.1');
      client.once('error', finish);
      client.once('connect', () => client !== null && collect(client, bytes, finish));
    });
  });
}

function echoBack(socket: Socket): void {
  const transport = new HandleTransport(socket);
  transport.setHandler({
    onBytes: (buffer, length, owned) => {
      if (!transport.writeBytes(buffer, 0, length, owned)) transport.pause();
    },
    onEnd: () => transport.end(),
    onDrain: () => transport.resume(),
    onClose() {},
  });
  transport.startReading();
}

function collect(socket: Socket, bytes: Buffer, finish: (outcome: string | Error) => void): void {
  const transport = new HandleTransport(socket);
  const hash = createHash('sha256');
  let received = 0;
  let sent = 0;
  const send = (): void => {
    while (sent < bytes.length) {
      const end = Math.min(sent + PIECE_BYTES, bytes.length);
      const isText = (sent / PIECE_BYTES) % 2 === 0;
      const isFlowing = isText
        ? transport.writeText(bytes.toString('latin1', sent, end))
        : transport.writeBytes(bytes, sent, end, true);
      sent = end;
      if (!isFlowing) return;
    }
  };
  transport.setHandler({
    onBytes: (buffer, length) => {
      hash.update(buffer.subarray(0, length));
      received += length;
      if (received >= bytes.length) finish(hash.digest('hex'));
    },
    onEnd: () => finish(new Error('the connection ended early')),
    onDrain: send,
    onClose: (error) => finish(error ?? new Error('the connection closed early')),
  });
  transport.startReading();
  send();
}
