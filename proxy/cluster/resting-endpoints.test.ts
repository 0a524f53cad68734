import { describe, expect, it } from 'vitest';
import { plainCluster } from '../testing/forwarder.ts';
import { restAskedFor } from './resting-endpoints.ts';

const wallMs = Date.parse('2026-01-01T00:00:00Z');

describe('restAskedFor', () => {
  it.each([
    [429, 'retry-after: 7', 7000],
    [503, 'Retry-After: 7', 7000],
    [503, 'retry-after: Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    [503, 'retry-after: 86400', 300_000],
    [503, 'retry-after: 0', 0],
    [503, 'retry-after: Wed, 31 Dec 2025 23:00:00 GMT', 0],
    [503, 'retry-after: soon', 0],
    [503, 'retry-after: 2027', 300_000],
    [503, 'retry-after: 2027-01-01', 0],
    [503, 'x: 1', 0],
    [500, 'retry-after: 7', 0],
    [200, 'retry-after: 7', 0],
  ])('reads %i with %j as %i ms', (status, line, ms) => {
    expect(restAskedFor(status, `${line}\r\n`, 300_000, wallMs)).toBe(ms);
  });
});

function portsPicked(cluster: ReturnType<typeof plainCluster>): Set<number | undefined> {
  return new Set(Array.from({ length: 60 }, () => cluster.pick(null, null)?.config.port));
}

describe('Cluster', () => {
  it('passes over who asks for it, never the last one, and no longer than that', () => {
    const cluster = plainCluster([1, 2, 3], { maxRestMs: 60_000 });
    const [first, second, third] = [...cluster.endpoints];
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were made');
    cluster.heedRetryAfter(first, 429, 'retry-after: 5\r\n');
    expect(portsPicked(cluster)).toEqual(new Set([2, 3]));
    cluster.heedRetryAfter(second, 503, 'retry-after: 9\r\n');
    expect(portsPicked(cluster)).toEqual(new Set([3]));
    cluster.heedRetryAfter(third, 503, 'retry-after: 9\r\n');
    expect(portsPicked(cluster)).toEqual(new Set([1, 2, 3]));
    expect(cluster.resting).toBe(3);

    cluster.sweep(first.restsUntilMs);
    expect(cluster.resting).toBe(2);
    second.restsUntilMs = 0;
    third.restsUntilMs = 0;
    cluster.sweep(first.restsUntilMs);
    expect([cluster.resting, portsPicked(cluster)]).toEqual([0, new Set([1, 2, 3])]);
    cluster.close();
  });

  it('heeds nobody where it is not told to', () => {
    const cluster = plainCluster([1, 2]);
    for (const endpoint of cluster.endpoints) cluster.heedRetryAfter(endpoint, 429, 'retry-after: 5\r\n');
    expect([cluster.resting, portsPicked(cluster).size]).toEqual([0, 2]);
    cluster.close();
  });
});
