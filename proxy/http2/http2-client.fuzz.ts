import { Buffer } from 'node:buffer';
import type { FuzzTarget } from '../testing/fuzz/fuzz-target.ts';
import { answerHeaders, ScriptedClient, wholeAnswer } from './testing/scripted-client.ts';
import {
  data,
  frame,
  goaway,
  headers,
  lastData,
  ping,
  readFrames,
  reset,
  settings,
  windowUpdate,
} from './testing/wire.ts';

const text = (...parts: readonly Buffer[]): string => Buffer.concat(parts).toString('latin1');

/**
 * A server that sends anything to a client with two requests on their way: each of them ends exactly once, in an answer or
 * in a failure, and the same bytes in other pieces come to the same.
 */
export const http2ClientTarget: FuzzTarget = {
  name: 'http2-client',
  seeds: [
    text(settings(), wholeAnswer(1), wholeAnswer(3)),
    text(settings(), answerHeaders(1, 200), data(1, 'hello'), lastData(1), wholeAnswer(3)),
    text(settings(), answerHeaders(1, 103), answerHeaders(1, 200), data(1, 'x'), headers(1, [['grpc-status', '0']])),
    text(settings([[4, 0]]), windowUpdate(0, 10), windowUpdate(3, 10), reset(1), goaway(1)),
    text(settings(), frame(5, 4, 1, Buffer.from([0, 0, 0, 2]))),
    text(settings(), ping(), answerHeaders(3, 200, [['content-length', '3']]), data(3, 'abc'), lastData(3)),
  ],
  tokens: [
    text(wholeAnswer(1)),
    text(answerHeaders(3, 200)),
    text(lastData(3)),
    text(data(1, 'x')),
    text(reset(3, 7)),
    text(goaway(1)),
    text(goaway(0x7fff_ffff)),
    text(settings([[4, 0x7fff_ffff]])),
    '\x88',
    '\x08\x03\x31\x30\x33',
  ],
  run(bytes) {
    const buffer = Buffer.from(bytes);
    const whole = converse(buffer, buffer.length);
    for (const size of [1, 7, 1000]) {
      const inPieces = converse(buffer, size);
      if (inPieces !== whole) throw new Error(`${whole} at once, ${inPieces} in pieces of ${size}`);
    }
    return whole;
  },
};

function converse(bytes: Buffer, size: number): string {
  const client = new ScriptedClient();
  client.send(settings());
  const exchanges = [
    client.ask(),
    client.ask({ method: 'POST', body: 'x'.repeat(100), framing: 'length', contentLength: 100 }),
  ];
  for (let from = 0; from < bytes.length; from += size) client.send(bytes.subarray(from, from + size));
  client.connection.output.flush();
  readFrames(client.transport.take());
  client.transport.close();
  const outcomes = exchanges.map(({ events }) => {
    const ends = events.filter(
      (event) => event.startsWith('failure') || event.startsWith('end') || /^response.*\.$/.test(event),
    );
    if (ends.length !== 1 || ends[0] !== events.at(-1)) throw new Error(`an exchange ended so: ${events.join(', ')}`);
    return ends[0]?.startsWith('failure') ? ends[0] : 'end';
  });
  return outcomes.join(', ');
}
