import { describe, expect, it } from 'vitest';
import type { Observations } from './checks.ts';
import { checkMesh } from './checks.ts';

const id = (service: string) => `spiffe://cluster.local/ns/default/sa/${service}`;
const edge = (source: string, destination: string) => ({
  source: { service: source },
  destination: { service: destination },
  ...{ requests: 1200, mutualTlsShare: 1, isSecured: true, reason: null },
  clientIds: [id(source)],
  serverIds: [id(destination)],
});

/** A mesh that does all it promises. */
const good: Observations = {
  minimumCalls: 1000,
  load: {
    ...{ calls: 1200, failed: 0, byStatus: { 200: 1200 }, failures: [] },
    byCartVersion: { v1: 1100, v2: 100 },
    byInstance: { 'web-1': 1200, 'recommend-1': 1200 },
  },
  cartVersionsDuringSplit: { v1: 900, v2: 100 },
  edges: [edge('load', 'web'), edge('web', 'cart'), edge('web', 'recommend'), edge('cart', 'db')],
  identities: Object.fromEntries(['load', 'web', 'cart', 'recommend', 'db'].map((service) => [service, id(service)])),
  refusing: { name: 'recommend-3', answered: 0 },
  retries: 11,
  ejections: 2,
  statRequests: { web: 1200, 'cart v1': 1100, 'cart v2': 100 },
  prometheusRequests: { web: 1200, 'cart v1': 1100, 'cart v2': 100 },
};
const failures = (seen: Observations) =>
  checkMesh(seen)
    .filter(({ passed }) => !passed)
    .map(({ sentence }) => sentence);
const withEdge = (change: object): Observations => ({
  ...good,
  edges: [{ ...edge('load', 'web'), ...change }, ...good.edges.slice(1)],
});

describe('checkMesh', () => {
  it('is content with a mesh that does all it promises', () => {
    expect(failures(good)).toEqual([]);
  });

  it.each<[string, Observations, string]>([
    [
      'a failed call',
      { ...good, load: { ...good.load, failed: 1, failures: ['503 no endpoint'] } },
      '1 failed: 503 no endpoint',
    ],
    ['too few calls', { ...good, minimumCalls: 1201 }, '1200 calls'],
    ['a call that nobody saw', withEdge({ requests: 1199 }), 'load → web: 1199 calls'],
    ['a call in plaintext', withEdge({ mutualTlsShare: 0.9999 }), '99.9 % over mTLS'],
    ['a wrong client identity', withEdge({ clientIds: [id('web')] }), `${id('web')} to ${id('web')}`],
    ['a second server identity', withEdge({ serverIds: [id('web'), id('db')] }), `${id('web')} and ${id('db')}`],
    ['ends that do not agree', withEdge({ isSecured: false, reason: 'the ends differ' }), '(the ends differ)'],
    [
      'an answer of the instance that refuses',
      { ...good, refusing: { name: 'recommend-3', answered: 2 } },
      'it answered 2 calls',
    ],
    ['no identity', withEdge({ clientIds: [] }), 'nobody to'],
    ['an edge that nothing was seen on', withEdge({ source: { service: 'browser' } }), 'load → web: no call was seen'],
    ['calls past the mesh', { ...good, edges: [...good.edges, edge('', 'db')] }, 'unexpected calls: unknown → db'],
    ['a split off by more than 3 points', { ...good, cartVersionsDuringSplit: { v1: 869, v2: 131 } }, '86.9 % of 1000'],
    ['a split that nothing went through', { ...good, cartVersionsDuringSplit: {} }, '0.0 % of 0'],
    ['no retry', { ...good, retries: 0 }, 'hidden by 0 retries'],
    ['no ejection', { ...good, ejections: 0 }, 'ejected 0 times'],
    [
      'stat that counts otherwise',
      { ...good, statRequests: { web: 1200, 'cart v1': 1100 } },
      'heddle stat counted cart v2 0 instead of 100',
    ],
    [
      'Prometheus that counts otherwise',
      { ...good, prometheusRequests: { ...good.statRequests, web: 1199 } },
      'Prometheus counted web 1199 instead of 1200',
    ],
  ])('notices %s', (_what, seen, words) => {
    expect(failures(seen)).toContainEqual(expect.stringContaining(words));
  });

  it('takes 87 % and 93 % as the ends of what a split may be', () => {
    for (const v1 of [870, 930])
      expect(failures({ ...good, cartVersionsDuringSplit: { v1, v2: 1000 - v1 } })).toEqual([]);
  });
});
