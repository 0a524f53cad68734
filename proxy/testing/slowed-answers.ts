import type { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http2';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { BandwidthLimit } from '../filter/bandwidth-limit.ts';
import type { FaultConfig } from '../filter/fault-filter.ts';
import { FaultFilter, noFaults } from '../filter/fault-filter.ts';
import { noBandwidth, SharedBandwidth } from '../filter/shared-bandwidth.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { Activity } from '../telemetry/activity.ts';
import type { ForwarderOptions } from './forwarder.ts';
import { startForwarder } from './forwarder.ts';

export const RATE = 1000;
/** What an answer begins with. */
export const AT_ONCE = RATE / 20;
export const UNTIL_MS = 60_000;

export interface SlowedOptions extends ForwarderOptions {
  readonly fault?: Partial<FaultConfig>;
  /** Bytes a second that all answers share; none without. */
  readonly shared?: number;
}

/** In front of an application at that port: each answer has RATE bytes a second, until UNTIL_MS. */
export async function slowed(
  port: number,
  close: (stop: () => Promise<unknown> | unknown) => void,
  { fault, shared = 0, ...options }: SlowedOptions = {},
) {
  let nowMs = 0;
  const wheel = new TimerWheel(() => nowMs);
  const now = () => nowMs;
  const faults = noFaults();
  const all = { numerator: 100, denominator: 100 } as const;
  const config: FaultConfig = {
    delay: null,
    abort: null,
    responseRate: { kind: 'fixed', bytes: RATE, share: all },
    headers: [],
    maxActive: 10,
    untilMs: UNTIL_MS,
    rule: '',
    ...fault,
  };
  const filter = new FaultFilter(
    config,
    { wheel, faults, now, wallClockMs: now, random: () => 0 },
    new Activity('fault', ''),
  );
  const counters = noBandwidth();
  const bandwidth = new SharedBandwidth(shared, 50, { wheel, now });
  const limit = new BandwidthLimit(null, { bandwidth, counters }, 'x-cart');
  const forwarder = await startForwarder([port], {
    ...options,
    filters: shared === 0 ? [filter] : [filter, limit],
    wheel,
  });
  close(() => forwarder.close());
  return {
    forwarder,
    faults,
    counters,
    wheel,
    pass(ms: number) {
      for (let i = 0; i < ms; i += 10) {
        nowMs += 10;
        wheel.advance();
      }
    },
    client() {
      const socket = connect(forwarder.port, '127.0.0.1');
      socket.on('error', () => {});
      close(() => void socket.destroy());
      const heard = { socket, text: '', isClosed: false };
      socket.on('data', (bytes) => {
        heard.text += bytes.toString('latin1');
      });
      socket.on('close', () => {
        heard.isClosed = true;
      });
      return heard;
    },
    stream(headers: IncomingHttpHeaders = {}) {
      const session = connectHttp2(`http://127.0.0.1:${forwarder.port}`);
      session.on('error', () => {});
      close(() => session.destroy());
      const stream = session.request({ ':path': '/', ...headers });
      stream.on('error', () => {});
      const heard = { stream, body: 0 };
      stream.on('data', (bytes: Buffer) => {
        heard.body += bytes.length;
      });
      return heard;
    },
  };
}
