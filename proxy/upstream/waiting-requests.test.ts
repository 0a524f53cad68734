import { beforeEach, describe, expect, it } from 'vitest';
import type { PoolWaiter } from './upstream-pool.ts';
import { WaitingRequests } from './waiting-requests.ts';

let waiting: WaitingRequests;
let pending: number;
let told: string[];

beforeEach(() => {
  pending = 0;
  told = [];
  waiting = new WaitingRequests({
    refusal: 'limit of 3 reached',
    tryAcquire: () => pending < 3 && ++pending > 0,
    release: () => void pending--,
  });
});

function waiter(name: string, whenTold = (): void => {}): PoolWaiter {
  return {
    onStream: () => told.push(`${name}: stream`),
    onPoolFailure: (failure, detail) => {
      told.push(`${name}: ${failure} ${detail}`);
      whenTold();
    },
  };
}

describe('WaitingRequests', () => {
  it('gives them back in order, and counts them while they wait', () => {
    const [first, second] = [waiter('first'), waiter('second')];
    expect([waiting.add(first), waiting.add(second), pending]).toEqual([true, true, 2]);
    expect([waiting.shift(), pending]).toEqual([first, 1]);
    expect([waiting.shift(), pending]).toEqual([second, 0]);
    expect([waiting.shift(), pending]).toEqual([undefined, 0]);
  });

  it('turns away more than may wait', () => {
    for (const name of ['a', 'b', 'c', 'd']) waiting.add(waiter(name));
    expect(told).toEqual(['d: upstreamOverflow limit of 3 reached']);
    expect([waiting.length, pending]).toEqual([3, 3]);
  });

  it('forgets one that waits no longer, once', () => {
    const gone = waiter('gone');
    waiting.add(waiter('stays'));
    waiting.add(gone);
    waiting.cancel(gone);
    waiting.cancel(gone);
    expect([waiting.length, pending]).toEqual([1, 1]);
  });

  it('tells as many as it is to that there is no stream, and not those that come meanwhile', () => {
    const again = waiter('again');
    waiting.add(waiter('first', () => waiting.add(again)));
    waiting.add(waiter('second'));
    waiting.add(waiter('third'));
    waiting.fail('connectFailure', 'refused', 2);
    expect(told).toEqual(['first: connectFailure refused', 'second: connectFailure refused']);
    expect([waiting.length, pending]).toEqual([2, 2]);
    waiting.fail('connectFailure', 'gone');
    expect(told.slice(2)).toEqual(['third: connectFailure gone', 'again: connectFailure gone']);
    expect([waiting.length, pending]).toEqual([0, 0]);
  });

  it('does not tell one that waits no longer because another was told', () => {
    const second = waiter('second');
    waiting.add(waiter('first', () => waiting.cancel(second)));
    waiting.add(second);
    waiting.add(waiter('third'));
    waiting.fail('connectFailure', 'refused', 2);
    expect(told).toEqual(['first: connectFailure refused']);
    expect([waiting.length, pending]).toEqual([1, 1]);
  });
});
