import { describe, expect, it } from 'vitest';
import { FakeTransport } from '../http2/testing/fake-transport.ts';
import type { TransportHandler } from '../transport/transport.ts';
import { CodecChoice } from './codec-choice.ts';

function choiceOf() {
  const transport = new FakeTransport();
  const clock = { nowMs: 0, start() {}, stop() {}, tick() {}, onTick: () => () => true };
  const chosen: string[] = [];
  let closed = 0;
  let heard = '';
  const codec: TransportHandler = {
    onBytes: (buffer, length) => {
      heard += buffer.toString('latin1', 0, length);
    },
    onEnd() {},
    onDrain() {},
    onClose() {},
  };
  const choice = new CodecChoice(transport, {
    clock: clock as never, // only the time is read
    headerTimeoutMs: 60_000,
    idleTimeoutMs: 3_600_000,
    choose: (version) => {
      chosen.push(version);
      transport.setHandler(codec);
      return codec;
    },
    onClosed: () => closed++,
  });
  const pass = (ms: number) => {
    clock.nowMs += ms;
    choice.sweep(clock.nowMs);
  };
  return { transport, choice, chosen, pass, heard: () => heard, closed: () => closed };
}

describe('CodecChoice', () => {
  it.each([
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'http2'],
    ['GET / HTTP/1.1\r\n\r\n', 'http1'],
    ['POST / HTTP/1.1\r\n\r\n', 'http1'],
    ['PRI * HTTP/1.1\r\n\r\n', 'http1'],
    ['PRI / HTTP/2.0\r\n\r\n', 'http1'],
    ['\r\nPRI * HTTP/2.0', 'http1'],
  ])('takes %j for %s, in any two pieces, and loses no byte', (text, version) => {
    const bytes = Buffer.from(text);
    for (let cut = 0; cut < bytes.length; cut++) {
      const { transport, chosen, heard, closed } = choiceOf();
      if (cut > 0) transport.receive(bytes.subarray(0, cut));
      transport.receive(bytes.subarray(cut));
      expect([chosen, heard(), closed()]).toEqual([[version], text, 1]);
    }
  });

  it('takes a preface byte by byte', () => {
    const { transport, chosen, heard } = choiceOf();
    const bytes = Buffer.from('PRI * HTTP/2.0\r\n\r\n');
    for (let at = 0; at < bytes.length; at++) transport.receive(bytes.subarray(at, at + 1));
    expect([chosen, heard()]).toEqual([['http2'], bytes.toString()]);
  });

  it('closes a connection that stays silent, and sooner one that stops in the middle of a preface', () => {
    const silent = choiceOf();
    silent.pass(3_600_000);
    expect(silent.transport.ending).toBe('open');
    silent.pass(1);
    expect(silent.transport.ending).toBe('ended');
    const halted = choiceOf();
    halted.pass(1_000_000);
    halted.transport.receive(Buffer.from('PRI'));
    halted.pass(60_000);
    expect(halted.transport.ending).toBe('open');
    halted.pass(1);
    expect(halted.transport.ending).toBe('ended');
  });

  it('closes when draining, unless the client has begun', () => {
    const silent = choiceOf();
    silent.choice.drain();
    silent.pass(1000);
    expect(silent.transport.ending).toBe('open'); // its first bytes may have been on their way
    silent.pass(1);
    expect(silent.transport.ending).toBe('ended');
    const old = choiceOf();
    old.pass(2000);
    old.choice.drain();
    expect(old.transport.ending).toBe('ended');
    const begun = choiceOf();
    begun.transport.receive(Buffer.from('P'));
    begun.choice.drain();
    expect(begun.transport.ending).toBe('open');
  });
});
