import { describe, expect, it } from 'vitest';
import { defaultHttp2Limits } from '../http2/http2-limits.ts';
import { FakeTransport } from '../http2/testing/fake-transport.ts';
import { outgoing, ScriptedExchange, wholeAnswer } from '../http2/testing/scripted-client.ts';
import { goaway, ping, readFrames, settings } from '../http2/testing/wire.ts';
import { TokenBucket } from '../token-bucket.ts';
import type { DialResult } from './dial.ts';
import { Http2Pool } from './http2-pool.ts';
import type { ConcurrencyGate, PoolWaiter } from './upstream-pool.ts';

class Gate implements ConcurrencyGate {
  active = 0;
  readonly refusal = 'full';
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  tryAcquire(): boolean {
    if (this.active >= this.#max) return false;
    this.active++;
    return true;
  }

  release(): void {
    if (--this.active < 0) throw new Error('released more than was acquired');
  }
}

/** Somebody who wants to send one request. */
class Waiter implements PoolWaiter {
  exchange: ScriptedExchange | null = null;
  failure = '';

  onStream(stream: ConstructorParameters<typeof ScriptedExchange>[0]): void {
    this.exchange = new ScriptedExchange(stream);
    stream.send(this.exchange, outgoing());
  }

  onPoolFailure(failure: string, detail: string): void {
    this.failure = `${failure}: ${detail}`;
  }
}

function poolOf({ maxConnections = 10, maxPending = 1000, maxRequests = 0 } = {}) {
  const dials: DialResult[] = [];
  const transports: FakeTransport[] = [];
  const clock = { nowMs: 0 };
  const limits = {
    connections: new Gate(maxConnections),
    pendingRequests: new Gate(maxPending),
  };
  const pool = new Http2Pool(
    (result) => dials.push(result),
    limits,
    () => maxRequests,
    { clock },
  );
  return {
    pool,
    dials,
    limits,
    clock,
    ask: (): Waiter => {
      const waiter = new Waiter();
      pool.acquire(waiter);
      return waiter;
    },
    /** The oldest dial succeeds, and the server says its settings. */
    connect: (streams = 1000): FakeTransport => {
      const transport = new FakeTransport();
      transports.push(transport);
      dials.shift()?.onConnected(transport);
      transport.receive(settings([[3, streams]]));
      return transport;
    },
  };
}

describe('Http2Pool', () => {
  it('opens one connection for many requests, which wait until the server has said its settings', () => {
    const { pool, dials, ask, connect, limits } = poolOf();
    const waiters = Array.from({ length: 50 }, ask);
    expect(dials.length).toBe(1);
    expect(pool.waiting).toBe(50);
    const transport = connect();
    expect(pool.waiting).toBe(0);
    expect(limits.pendingRequests.active).toBe(0);
    for (let i = 0; i < 50; i++) transport.receive(wholeAnswer(2 * i + 1));
    expect(waiters.map(({ exchange }) => exchange?.events)).toEqual(waiters.map(() => ['response 204.']));
    expect(waiters.filter(({ exchange }) => exchange?.stream.isReused === false).length).toBe(1);
    ask();
    expect(pool.openConnections).toBe(1);
    expect(pool.counters).toEqual({ connectionsTotal: 1, connectFailures: 0, requestsWaited: 50 });
  });

  it('opens another one when the server allows fewer streams than there are requests', () => {
    const { pool, dials, ask, connect } = poolOf();
    ask();
    const first = connect(2);
    const [, third, fourth] = [ask(), ask(), ask()];
    expect(dials.length).toBe(1);
    first.receive(wholeAnswer(1)); // room for one more before the second connection is there
    expect(third?.exchange).not.toBeNull();
    expect(fourth?.exchange).toBeNull();
    connect(2);
    expect(fourth?.exchange).not.toBeNull();
    expect(pool.openConnections).toBe(2);
  });

  it('does not take up all connections of the cluster for a server that allows no streams', () => {
    const { dials, ask, connect, limits, pool } = poolOf();
    const waiter = ask();
    const transport = connect(0);
    expect(waiter.failure).toBe('connectFailure: the instance takes no requests on a new connection of HTTP/2');
    expect([dials.length, limits.connections.active, pool.openConnections]).toEqual([0, 0, 0]);
    expect(transport.ending).not.toBe('open');
    const next = ask();
    connect();
    expect([next.exchange === null, next.failure]).toEqual([false, '']);
  });

  it('makes requests wait at the limit of connections', () => {
    const { pool, dials, ask, connect } = poolOf({ maxConnections: 1 });
    ask();
    const transport = connect(1);
    const waiting = ask();
    expect(dials.length).toBe(0);
    expect(waiting.exchange).toBeNull();
    transport.receive(wholeAnswer(1));
    expect(waiting.exchange).not.toBeNull();
    expect(pool.openConnections).toBe(1);
  });

  it('has one connection although the cluster is at its limit', () => {
    const { dials, ask, connect, limits } = poolOf({ maxConnections: 0 });
    const waiter = ask();
    expect(dials.length).toBe(1);
    const transport = connect();
    expect(waiter.exchange).not.toBeNull();
    transport.receive(goaway(0));
    expect(limits.connections.active).toBe(0);
  });

  it('spreads what clients give up over connections, so that no server takes one of them for an attack', async () => {
    const { pool, dials, ask, connect } = poolOf({ maxConnections: 2, maxPending: 2000 });
    ask();
    const transports = [connect(2000)];
    const given = () => ask().exchange?.stream.abort();
    for (let i = 0; i < 890; i++) given();
    expect([dials.length, pool.openConnections]).toEqual([0, 1]);
    const kept = Array.from({ length: 20 }, ask);
    expect(dials.length).toBe(1); // as many streams are open as may still be reset
    transports.push(connect(2000));
    expect(kept.every(({ exchange }) => exchange !== null)).toBe(true);
    for (const { exchange } of kept) exchange?.stream.abort();
    await Promise.resolve(); // what is made outside of a read is written then
    const resetsOf = (transport: FakeTransport) =>
      readFrames(transport.take()).filter(({ type }) => type === 'RST_STREAM').length;
    expect(transports.map(resetsOf)).toEqual([899, 11]);
  });

  it('stays below what a server bears, however long clients go on giving up', async () => {
    const { pool, ask, connect, clock } = poolOf({ maxConnections: 1, maxPending: 100_000 });
    ask();
    const transport = connect(2000);
    transport.receive(wholeAnswer(1));
    const borne = new TokenBucket(defaultHttp2Limits.maxResetBurst, defaultHttp2Limits.resetsPerSecond, 0);
    const isBorne: boolean[] = [];
    const waiters: Waiter[] = [];
    for (let turn = 0; turn < 3000; turn++) {
      clock.nowMs += 17; // less than it takes for one more
      transport.receive(ping('heddle/1', 1)); // the server is there
      waiters.push(ask(), ask());
      pool.sweep(60_000);
      for (const { exchange } of waiters.splice(0)) exchange?.stream.abort();
      await Promise.resolve();
      for (const { type } of readFrames(transport.take()))
        if (type === 'RST_STREAM') isBorne.push(borne.tryTake(clock.nowMs));
    }
    expect(isBorne.length).toBeGreaterThan(1000);
    expect(isBorne).not.toContain(false);
  });

  it('opens another one beside one that has fallen silent, and goes back when it speaks', () => {
    const { pool, dials, ask, connect, clock } = poolOf();
    ask();
    const silent = connect();
    const patient = ask();
    const given = ask();
    clock.nowMs = 1001;
    given.exchange?.stream.abort();
    const next = ask();
    expect([next.exchange, dials.length]).toEqual([null, 1]);
    silent.receive(ping('heddle/1', 1));
    expect(next.exchange).not.toBeNull();
    connect();
    expect([patient.exchange?.events, pool.openConnections]).toEqual([[], 2]);
  });

  it('lets nobody wait for one that has fallen silent, where there may be no other', () => {
    const { pool, dials, ask, connect, clock } = poolOf({ maxConnections: 1 });
    const given = ask();
    connect();
    clock.nowMs = 1001;
    given.exchange?.stream.abort();
    const next = ask();
    expect([next.exchange, dials.length]).toEqual([null, 0]);
    pool.sweep(60_000);
    connect();
    expect(next.exchange).not.toBeNull();
  });

  it('uses a connection again that has rested, also for those who have waited for that', () => {
    const { pool, ask, connect, clock } = poolOf({ maxConnections: 1 });
    ask();
    const transport = connect(2000);
    transport.receive(wholeAnswer(1));
    for (let i = 0; i < 900; i++) ask().exchange?.stream.abort();
    const waiter = ask();
    expect(waiter.exchange).toBeNull();
    clock.nowMs += 1000;
    pool.sweep(60_000);
    expect(waiter.exchange).not.toBeNull();
  });

  it('refuses more requests than may wait', () => {
    const { ask } = poolOf({ maxPending: 1 });
    ask();
    expect(ask().failure).toBe('upstreamOverflow: full');
  });

  it('fails all who wait when the dial fails, and dials again for the next', () => {
    const { dials, ask, limits, pool } = poolOf();
    const waiters = [ask(), ask()];
    dials.shift()?.onDialFailed('connectFailure', 'ECONNREFUSED');
    expect(waiters.map(({ failure }) => failure)).toEqual(Array(2).fill('connectFailure: ECONNREFUSED'));
    expect(limits.connections.active).toBe(0);
    expect(limits.pendingRequests.active).toBe(0);
    ask();
    expect(dials.length).toBe(1);
    expect(pool.counters.connectFailures).toBe(1);
  });

  it('fails all who wait, so that they may try elsewhere, when the server does not speak HTTP/2', () => {
    const { dials, ask, limits } = poolOf();
    const waiter = ask();
    const transport = new FakeTransport();
    dials.shift()?.onConnected(transport);
    transport.receive(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(waiter.failure).toBe(
      'connectFailure: the instance does not speak HTTP/2; a port that is declared http takes either version',
    );
    expect(limits.connections.active).toBe(0);
  });

  it('forgets who has stopped waiting', () => {
    const { pool, ask, connect, limits } = poolOf();
    const [first, second] = [ask(), ask()];
    pool.cancel(first as Waiter);
    pool.cancel(first as Waiter);
    expect(limits.pendingRequests.active).toBe(1);
    connect();
    expect(first?.exchange).toBeNull();
    expect(second?.exchange).not.toBeNull();
  });

  it('leaves a connection that the server is closing, and opens another', () => {
    const { pool, dials, ask, connect } = poolOf();
    const kept = ask();
    const transport = connect();
    transport.receive(goaway(0x7fff_ffff));
    const next = ask();
    expect(dials.length).toBe(1);
    connect();
    expect(next.exchange).not.toBeNull();
    transport.receive(wholeAnswer(1));
    expect(kept.exchange?.events).toEqual(['response 204.']);
    expect(transport.ending).toBe('ended');
    expect(pool.openConnections).toBe(1);
  });

  it('leaves a connection that has carried as many requests as it may', () => {
    const { ask, connect, dials, pool } = poolOf({ maxRequests: 2 });
    ask();
    const transport = connect();
    ask();
    ask();
    expect(dials.length).toBe(1);
    transport.receive(wholeAnswer(1));
    expect(transport.ending).toBe('open');
    transport.receive(wholeAnswer(3));
    expect(transport.ending).toBe('ended');
    expect(pool.openConnections).toBe(0);
  });

  it('dials again for those who wait when a connection is lost', () => {
    const { ask, connect, dials } = poolOf({ maxConnections: 1 });
    const lost = ask();
    const transport = connect(1);
    const waiting = ask();
    transport.close();
    expect(lost.exchange?.events).toEqual(['failure upstreamReset']);
    expect(dials.length).toBe(1);
    connect();
    expect(waiting.exchange).not.toBeNull();
  });

  it('closes what has been idle for too long, and nothing that is in use', () => {
    const { pool, ask, connect, clock } = poolOf();
    ask();
    const transport = connect();
    clock.nowMs = 100_000;
    pool.sweep(60_000);
    expect(transport.ending).toBe('open');
    transport.receive(wholeAnswer(1));
    clock.nowMs = 160_000;
    pool.sweep(60_000);
    expect(transport.ending).toBe('open');
    clock.nowMs = 160_001;
    pool.sweep(60_000);
    expect(transport.ending).toBe('ended');
    expect(pool.openConnections).toBe(0);
  });

  it('closes idle connections at once when the endpoint is gone, busy ones after their requests', () => {
    const { pool, ask, connect } = poolOf();
    const answered = ask();
    const transport = connect();
    const late = ask();
    pool.close();
    expect(ask().failure).toBe('connectFailure: the endpoint was removed');
    transport.receive(wholeAnswer(1));
    transport.receive(ping());
    expect(transport.ending).toBe('open');
    transport.receive(wholeAnswer(3));
    expect(transport.ending).toBe('ended');
    expect([answered, late].map(({ exchange }) => exchange?.events)).toEqual([['response 204.'], ['response 204.']]);
  });

  it('says goodbye on a connection that is only there after the endpoint is gone', () => {
    const { pool, dials, ask } = poolOf();
    const waiter = ask();
    pool.close();
    expect(waiter.failure).toBe('connectFailure: the endpoint was removed');
    const transport = new FakeTransport();
    dials.shift()?.onConnected(transport);
    expect(transport.ending).toBe('ended');
    expect(pool.openConnections).toBe(0);
  });
});
