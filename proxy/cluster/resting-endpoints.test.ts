import { describe, expect, it } from 'vitest';
import { clusterConfig, endpointConfig } from '../testing/forwarder.ts';
import { Cluster } from './cluster.ts';
import type { Endpoint } from './endpoint.ts';
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

const busy = 'retry-after: 5\r\n';

/** A cluster of endpoints on these ports, by a clock that the test sets. */
function clusterOf(ports: readonly number[], maxRestMs: number) {
  const clock = { nowMs: 1000 };
  const cluster = new Cluster(clusterConfig(ports.map(endpointConfig), { maxRestMs }), {
    dial: () => {},
    coarseNow: () => clock.nowMs,
    now: () => clock.nowMs,
    wallClockMs: () => wallMs,
    random: () => 0.5,
    onEjection: () => {},
    healthChecks: null,
  });
  const picked = () => new Set(Array.from({ length: 60 }, () => cluster.pick(null, null)?.config.port));
  const endpoints = [...cluster.endpoints] as [Endpoint, ...Endpoint[]];
  return { cluster, clock, picked, endpoints };
}

describe('a cluster whose endpoints ask for rest', () => {
  it('passes over who asks for it, never the last one, and no longer than that', () => {
    const { cluster, clock, picked, endpoints } = clusterOf([1, 2, 3], 60_000);
    const rests = ['retry-after: 5\r\n', 'retry-after: 9\r\n', 'retry-after: Thu, 01 Jan 2026 00:00:09 GMT\r\n'];
    const left = endpoints.map((endpoint, index) => {
      cluster.heedAnswer(endpoint, 503, rests[index] ?? '');
      return [...picked()];
    });
    expect(left).toEqual([[2, 3], [3], [1, 2, 3]].map((ports) => expect.arrayContaining(ports)));
    expect(left.map((ports) => ports.length)).toEqual([2, 1, 3]);
    expect(cluster.resting).toBe(3);

    clock.nowMs += 5000;
    cluster.sweep(clock.nowMs);
    expect([cluster.resting, picked()]).toEqual([2, new Set([1])]);
    clock.nowMs += 4000;
    cluster.sweep(clock.nowMs);
    expect([cluster.resting, picked()]).toEqual([0, new Set([1, 2, 3])]);
  });

  it('lets nobody get up earlier who asks for less the second time', () => {
    const { cluster, clock, endpoints } = clusterOf([1, 2], 60_000);
    cluster.heedAnswer(endpoints[0], 503, 'retry-after: 9\r\n');
    cluster.heedAnswer(endpoints[0], 429, busy);
    clock.nowMs += 5000;
    cluster.sweep(clock.nowMs);
    expect(cluster.resting).toBe(1);
  });

  it('forgets who is gone', () => {
    const { cluster, endpoints } = clusterOf([1, 2], 60_000);
    cluster.heedAnswer(endpoints[0], 503, busy);
    cluster.setEndpoints([endpointConfig(2)]);
    cluster.sweep(1000);
    expect(cluster.resting).toBe(0);
  });

  it('heeds nobody where it is not told to', () => {
    const { cluster, picked, endpoints } = clusterOf([1, 2], 0);
    for (const endpoint of endpoints) cluster.heedAnswer(endpoint, 429, busy);
    expect([cluster.resting, picked().size]).toEqual([0, 2]);
  });
});
