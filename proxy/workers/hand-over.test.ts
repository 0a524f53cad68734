import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { AcceptedConnection, ConnectionTaker } from './hand-over.ts';
import { HandOver } from './hand-over.ts';

class Taker implements ConnectionTaker {
  readonly given: AcceptedConnection[] = [];

  get untaken(): number {
    return this.given.length;
  }

  give(connection: AcceptedConnection): void {
    this.given.push(connection);
  }
}

function setUp(takers: number) {
  let refused = 0;
  const handOver = new HandOver(() => refused++);
  const all = Array.from({ length: takers }, () => new Taker());
  for (const taker of all) handOver.add(taker);
  const offer = (count: number) => {
    for (let i = 0; i < count; i++) handOver.offer({ listener: i, socket: new Socket() });
  };
  return { handOver, all, offer, given: () => all.map((taker) => taker.given.length), refused: () => refused };
}

describe('HandOver', () => {
  it('gives to each in turn', () => {
    const { offer, given, all } = setUp(3);
    offer(7);
    expect(given()).toEqual([3, 2, 2]);
    expect(all[1]?.given.map(({ listener }) => listener)).toEqual([1, 4]);
  });

  it('passes over one that does not take what it has, and lets the rest wait when nobody does', () => {
    const { handOver, all, offer, given } = setUp(2);
    offer(16);
    expect(given()).toEqual([8, 8]);
    offer(5);
    expect(handOver.waiting).toBe(5);
    all[1]?.given.splice(0, 3);
    handOver.pump();
    expect(given()).toEqual([8, 8]);
    expect(handOver.waiting).toBe(2);
  });

  it('gives what one never took to the others, before anything newer', () => {
    const { handOver, all, offer } = setUp(2);
    offer(4);
    const [gone, left] = all as [Taker, Taker];
    handOver.remove(gone, gone.given.splice(0));
    offer(1);
    expect(left.given.map(({ listener }) => listener)).toEqual([1, 3, 0, 2, 0]);
  });

  it('keeps connections until there is somebody, and closes those that are too many', () => {
    const { handOver, offer, refused } = setUp(0);
    offer(4_096);
    expect(refused()).toBe(0);
    const last = new Socket();
    handOver.offer({ listener: 0, socket: last });
    expect([refused(), last.destroyed, handOver.waiting]).toEqual([1, true, 4_096]);
    const taker = new Taker();
    handOver.add(taker);
    expect(taker.given).toHaveLength(8);
    handOver.close();
    expect(handOver.waiting).toBe(0);
  });
});
