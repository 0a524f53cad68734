import { Buffer } from 'node:buffer';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Transport } from '../transport/transport.ts';
import { ServedConnections } from './accepted-connection.ts';
import type { Detected, DetectionOptions } from './protocol-detection.ts';
import { ProtocolDetection } from './protocol-detection.ts';

/** A transport of which the search uses nothing but this. */
function setUp(options: Partial<DetectionOptions> = {}) {
  const events: (string | Detected)[] = [];
  const transport = {
    setHandler() {},
    allowHalfOpen() {},
    end: () => void events.push('ended'),
  } as unknown as Transport;
  const served = new ServedConnections();
  const detection = new ProtocolDetection(
    transport,
    served,
    { readsClientHello: true, silenceMs: 0, timeoutMs: 10_000, nowMs: 5_000, ...options },
    {
      onDetected: (detected) => void events.push(detected),
      onSilence: () => void events.push('silence'),
      onGone: () => void events.push('gone'),
    },
  );
  const feed = (bytes: string | Buffer, owned = true): void => {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    detection.onBytes(buffer, buffer.length, owned);
  };
  return { detection, events, served, feed };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('ProtocolDetection', () => {
  it('hands over all that it has read, in whatever pieces it came', () => {
    const { events, feed, served } = setUp();
    const shared = Buffer.from('GE');
    feed(shared, false);
    shared.fill(0); // it was not ours to keep
    feed('T');
    expect([events, served.size]).toEqual([[], 1]);
    feed(' / HTTP/1.1\r\n');
    const first = Buffer.from('GET / HTTP/1.1\r\n');
    expect(events).toEqual([{ protocol: 'http1', hello: null, isTimeout: false, first, hasEnded: false }]);
    expect(served.size).toBe(0);
  });

  it('waits for the whole ClientHello only where somebody wants to know', () => {
    const head = '\x16\x03\x01\x00\xff\x01';
    const reading = setUp();
    reading.feed(head);
    expect(reading.events).toEqual([]);
    reading.feed('x'.repeat(16_384));
    expect(reading.events).toMatchObject([{ protocol: 'tls', hello: null }]);
    const indifferent = setUp({ readsClientHello: false });
    indifferent.feed(head);
    expect(indifferent.events).toMatchObject([{ protocol: 'tls', hello: null }]);
  });

  it('gives up when the time is over, and never before', () => {
    const { detection, events, feed } = setUp({ timeoutMs: 700 });
    const patient = setUp({ timeoutMs: 0 });
    const known = setUp({ timeoutMs: 700 });
    known.feed('SSH-2.0-x\r\n');
    feed('GE');
    detection.sweep(15_000); // by a clock that may be a second old
    vi.advanceTimersByTime(699);
    expect(events).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(events).toMatchObject([{ protocol: 'tcp', isTimeout: true, first: Buffer.from('GE') }]);
    vi.advanceTimersByTime(1e9);
    expect(patient.events).toEqual([]);
    expect(known.events).toMatchObject([{ protocol: 'tcp', isTimeout: false }]);
  });

  it('takes a client that ends before it is clear for what it sent, or for one that only listens', () => {
    const { detection, events } = setUp();
    detection.onEnd();
    expect(events).toEqual([{ protocol: 'tcp', hello: null, isTimeout: false, first: null, hasEnded: true }]);
  });

  it('tells that the client is gone, and nothing after it was stopped', () => {
    const gone = setUp();
    gone.detection.onClose();
    expect([gone.events, gone.served.size]).toEqual([['gone'], 0]);
    const stopped = setUp();
    stopped.feed('GE');
    expect(stopped.detection.stop()).toEqual(Buffer.from('GE'));
    stopped.detection.onEnd();
    stopped.detection.onClose();
    expect([stopped.events, stopped.served.size]).toEqual([[], 0]);
  });

  it('ends when it is drained and nothing is said for a second', () => {
    const { detection, events } = setUp();
    detection.drain();
    detection.sweep(6_000);
    expect(events).toEqual([]);
    detection.sweep(6_001);
    expect(events).toEqual(['ended']);
    const begun = setUp();
    begun.feed('GE');
    begun.detection.drain();
    begun.detection.sweep(6_001);
    expect(begun.events).toEqual([]);
  });
});
