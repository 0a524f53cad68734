import { Buffer } from 'node:buffer';
import type { FuzzTarget } from '../testing/fuzz/fuzz-target.ts';
import { ScriptedServer } from './testing/scripted-server.ts';
import {
  block,
  continuation,
  data,
  frame,
  headers,
  lastData,
  open,
  PREFACE,
  ping,
  priority,
  readFrames,
  request,
  reset,
  settings,
  windowUpdate,
} from './testing/wire.ts';

const text = (...parts: readonly Buffer[]): string => Buffer.concat(parts).toString('latin1');

/**
 * A client that sends anything: what the server says is whole frames within their bounds, every request that was announced
 * comes to one end, and the same bytes in other pieces come to the same.
 */
export const http2ServerTarget: FuzzTarget = {
  name: 'http2-server',
  seeds: [
    text(PREFACE, settings(), headers(1)),
    text(PREFACE, settings([[4, 0]]), headers(1), windowUpdate(1, 100), windowUpdate(0, 1)),
    text(PREFACE, settings(), open(1), data(1, 'hello'), lastData(1), reset(1)),
    text(PREFACE, settings(), open(1), data(1, Buffer.from([2, 97, 0, 0]), 8), headers(1, [['x-sum', '1']])),
    text(
      PREFACE,
      settings(),
      frame(1, 1, 1, block(request).subarray(0, 9)),
      continuation(1, block(request).subarray(9)),
    ),
    text(PREFACE, settings(), priority(3, 1), ping(), frame(7, 0, 0, Buffer.alloc(8)), headers(3)),
    text(PREFACE, settings(), frame(1, 5, 1, Buffer.from([0x82, 0x84, 0x86, 0x41, 1, 97]))),
    text(PREFACE, settings(), open(1, [[':method', 'CONNECT'], [':protocol', 'websocket'], ...request.slice(1)])),
  ],
  tokens: [
    text(headers(1)),
    text(headers(3)),
    text(open(5)),
    text(data(5, 'x')),
    text(lastData(5)),
    text(reset(5)),
    text(windowUpdate(0, 1)),
    text(windowUpdate(5, 0x7fff_ffff)),
    text(settings([[4, 1]])),
    text(settings([[1, 0]])),
    text(continuation(1, '')),
    '\x82\x84\x86',
    '\x3f\xe1\x1f',
    '\xff\xff\xff\xff',
  ],
  run(bytes) {
    const buffer = Buffer.from(bytes);
    const whole = serve(buffer, buffer.length);
    for (const size of [1, 7, 1000]) {
      const inPieces = serve(buffer, size);
      if (inPieces !== whole) throw new Error(`${whole} at once, ${inPieces} in pieces of ${size}`);
    }
    return whole;
  },
};

/** What became of it: how the connection ended, and how many requests were seen. */
function serve(bytes: Buffer, size: number): string {
  const server = new ScriptedServer();
  server.onWhole = (receiver) => receiver.answer(200, `${receiver.body.length}`);
  for (let from = 0; from < bytes.length; from += size) server.send(bytes.subarray(from, from + size));
  server.connection.output.flush();
  const frames = readFrames(server.transport.take());
  const last = frames.at(-1);
  const code = last?.type === 'GOAWAY' ? last.payload.readUInt32BE(4) : 'none';
  if (!server.connection.isReading && code === 'none' && frames.length > 2 && server.transport.ending === 'open') {
    throw new Error('the connection stopped reading without a word');
  }
  server.transport.close();
  if (server.connection.openStreams > 0) throw new Error('a stream outlived its connection');
  const count = (kind: string) => server.events.filter((event) => event.startsWith(kind)).length;
  const unanswered = server.receivers.length > 0 ? count('request') - count('reset') : 0;
  if (unanswered < 0) throw new Error('a request was reset twice');
  return `${code} ${Math.min(3, count('request'))}`;
}
