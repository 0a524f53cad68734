import { describe, expect, it } from 'vitest';
import type { ClientConnection } from '../http1/client-connection.ts';
import type { ResponseReceiver, UpstreamStream } from '../message-head.ts';
import { OutgoingRequest } from '../message-head.ts';
import type { OpenedTransport } from '../transport/open-transport.ts';
import { Http1Pool } from './http1-pool.ts';

const unlimited = { tryAcquire: () => true, release: () => {} };
const receiver = { onResponse: () => {}, onResponseEnd: () => {} } as unknown as ResponseReceiver;

/** A pool whose endpoint accepts every connection at once. */
function poolOf(maxRequests: number) {
  const closed: number[] = [];
  let dialled = 0;
  const pool = new Http1Pool(
    (result) => {
      const number = ++dialled;
      const transport: OpenedTransport = {
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
        destroy: () => closed.push(number),
        reset: () => {},
      };
      result.onConnected(transport);
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
