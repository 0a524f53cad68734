import { describe, expect, it } from 'vitest';
import type { ClientConnection } from '../http1/client-connection.ts';
import type { ResponseReceiver, UpstreamStream } from '../message-head.ts';
import { OutgoingRequest } from '../message-head.ts';
import type { OpenedTransport } from '../transport/open-transport.ts';
import type { DialResult } from './dial.ts';
import { Http1Pool } from './http1-pool.ts';

const unlimited = { refusal: '', tryAcquire: () => true, release: () => {} };
const receiver = { onResponse: () => {}, onResponseEnd: () => {} } as unknown as ResponseReceiver;

/** A connection on which nothing happens. */
function quietTransport(destroy = () => {}): OpenedTransport {
  return {
    remoteAddress: '127.0.0.1',
    remotePort: 8080,
    bufferedBytes: 0,
    setHandler: () => {},
    startReading: () => {},
    writeText: () => true,
    writeBytes: () => true,
    pause: () => {},
    resume: () => {},
    allowHalfOpen: () => {},
    finish: () => {},
    end: () => {},
    destroy,
    reset: () => {},
  };
}

/** A pool whose endpoint accepts every connection at once. */
function poolOf(maxRequests: number) {
  const closed: number[] = [];
  let dialled = 0;
  const pool = new Http1Pool(
    (result) => {
      const number = ++dialled;
      result.onConnected(quietTransport(() => closed.push(number)));
    },
    { connections: unlimited, pendingRequests: unlimited },
    () => 0,
    () => maxRequests,
  );
  /** One request and its answer; whether its connection had carried one before. */
  const exchange = () => {
    let wasReused: boolean | null = null;
    pool.acquire({
      onStream(stream: UpstreamStream) {
        wasReused = stream.isReused;
        stream.send(receiver, new OutgoingRequest());
        const answer = Buffer.from('HTTP/1.1 204 No Content\r\n\r\n');
        (stream as ClientConnection).onBytes(answer, answer.length, true);
        stream.release();
      },
      onPoolFailure: (failure) => {
        throw new Error(failure);
      },
    });
    return wasReused;
  };
  return { pool, exchange, closed };
}

describe('Http1Pool', () => {
  it('says of the first request on a connection that it is the first', () => {
    const { pool, exchange } = poolOf(0);
    expect([exchange(), exchange(), exchange()]).toEqual([false, true, true]);
    expect(pool.openConnections).toBe(1);
  });

  it('closes a connection that has carried as many requests as it may', () => {
    const { pool, exchange, closed } = poolOf(2);
    expect([exchange(), exchange(), exchange(), exchange()]).toEqual([false, true, false, true]);
    expect(closed).toEqual([1, 2]);
    expect(pool.openConnections).toBe(0);
  });
});

/** A pool whose dials are the test's to settle. */
function slowPool() {
  const dials: DialResult[] = [];
  const pool = new Http1Pool(
    (result) => dials.push(result),
    { connections: unlimited, pendingRequests: unlimited },
    () => 0,
  );
  const failed: number[] = [];
  const wait = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const waiter = { onStream: () => {}, onPoolFailure: () => failed.push(index) };
      pool.acquire(waiter);
      return waiter;
    });
  return { pool, dials, failed, wait };
}

describe('Http1Pool and many who come at once', () => {
  it('opens 64 connections at a time, and none for who has given up', () => {
    const { pool, dials, wait } = slowPool();
    const waiters = wait(1000);
    expect(dials).toHaveLength(64);
    for (const waiter of waiters) pool.cancel(waiter);
    for (const dial of [...dials]) dial.onConnected(quietTransport());
    expect(dials).toHaveLength(64);
    expect(pool.openConnections).toBe(64);
  });

  it('goes on until everybody has one', () => {
    const { pool, dials, wait } = slowPool();
    wait(200);
    for (let settled = 0; settled < dials.length; settled++) dials[settled]?.onConnected(quietTransport());
    expect([dials.length, pool.waiting]).toEqual([200, 0]);
  });

  it('has nobody wait for a second dial when all of the first have failed', () => {
    const { pool, dials, failed, wait } = slowPool();
    wait(1000);
    for (const dial of [...dials]) dial.onDialFailed('connectTimeout', '');
    expect([failed.length, pool.waiting, dials.length]).toEqual([1000, 0, 64]);
  });

  it('lets a failed dial cost one request where each has its own', () => {
    const { pool, dials, failed, wait } = slowPool();
    wait(3);
    dials[0]?.onDialFailed('connectFailure', '');
    expect([failed, pool.waiting]).toEqual([[0], 2]);
  });
});
