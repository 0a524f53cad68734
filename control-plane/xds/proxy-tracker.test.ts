import { beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER_TYPE_URL } from '../../proto/type-urls.ts';
import type { RejectedResource } from './proxy-status.ts';
import type { TrackedStream } from './proxy-tracker.ts';
import { ProxyTracker, resourceKey } from './proxy-tracker.ts';
import type { SubscribedResource } from './subscription.ts';

const signal = new AbortController().signal;

/** A stream whose one cluster is in the versions that a test sets. */
function fakeStream(name: string, { isStock = false } = {}) {
  const resource: { -readonly [Key in keyof SubscribedResource]: SubscribedResource[Key] } = {
    name: 'c',
    current: '1',
    fault: null,
    sent: undefined,
    acknowledged: undefined,
  };
  const rejections: RejectedResource[] = [];
  const stream: TrackedStream = {
    key: `default/${name}`,
    node: {
      name,
      namespace: 'default',
      service: 'cart',
      version: 'v1',
      heddleVersion: isStock ? '' : '0.1.0',
      outboundPort: 15_001,
      features: new Set(),
    },
    identity: 'spiffe://cluster.local/ns/default/sa/cart',
    address: '127.0.0.1:1',
    connectedAtMs: 0,
    lastPushMs: 0,
    isStock,
    *resources() {
      yield { typeUrl: CLUSTER_TYPE_URL, resource };
    },
    rejections: () => rejections,
  };
  return { stream, resource, rejections };
}

describe('ProxyTracker', () => {
  let nowMs: number;
  let converged: number[];
  let tracker: ProxyTracker;

  beforeEach(() => {
    nowMs = 1000;
    converged = [];
    tracker = new ProxyTracker({ now: () => nowMs, onConverged: (ms) => converged.push(ms) });
  });

  const open = (name: string, options: { isStock?: boolean } = {}) => {
    const fake = fakeStream(name, options);
    tracker.opened(fake.stream);
    const attachment = tracker.attached(fake.stream.key);
    const report = (version: string): void => {
      attachment.inForce.set(resourceKey(CLUSTER_TYPE_URL, 'c'), version);
      tracker.progressed(fake.stream.key);
    };
    const refuse = (version: string, reason: string): void => {
      const rejected = { typeUrl: CLUSTER_TYPE_URL, name: 'c', version, reason, atMs: nowMs };
      attachment.rejected.set(resourceKey(CLUSTER_TYPE_URL, 'c'), rejected);
      tracker.progressed(fake.stream.key);
    };
    return { ...fake, attachment, report, refuse };
  };
  const push = (from: number, to: number, ...streams: TrackedStream[]) => {
    const begun = tracker.pushed({ from, to, registryRevision: to, changedAtMs: nowMs }, streams);
    for (const stream of streams) {
      tracker.evaluated(stream, [begun], true);
    }
    return begun;
  };
  const know = (revision: number) => tracker.convergence(revision, 0, signal);

  it('counts a proxy as pending until it reports the newest version in force', async () => {
    const a = open('a');
    a.resource.current = '2';
    push(4, 7, a.stream);
    expect(await know(5)).toMatchObject({ translated: true, affected: 1, inForce: 0, pending: ['default/a'] });
    a.report('1');
    expect(await know(5)).toMatchObject({ pending: ['default/a'] });
    nowMs += 30;
    a.report('2');
    expect(await know(5)).toEqual({
      revision: 5,
      translated: true,
      affected: 1,
      inForce: 1,
      pending: [],
      rejected: [],
      slowestMs: 30,
    });
    expect(converged).toEqual([30]);
    expect(tracker.list()[0]).toMatchObject({ synced: true, convergenceMs: 30 });
  });

  it('waits no longer than it takes', async () => {
    const a = open('a');
    push(0, 1, a.stream);
    const waiting = tracker.convergence(1, 60_000, signal);
    a.report('1');
    expect(await waiting).toMatchObject({ inForce: 1, pending: [] });
  });

  it('waits for a revision that is not translated yet, and for streams that were not looked at', async () => {
    const a = open('a');
    expect(await know(1)).toMatchObject({ translated: false, affected: 0 });
    const waiting = tracker.convergence(1, 60_000, signal);
    const begun = tracker.pushed({ from: 0, to: 1, registryRevision: 1, changedAtMs: nowMs }, [a.stream]);
    expect(await know(1)).toMatchObject({ translated: true, pending: ['default/a'] });
    tracker.evaluated(a.stream, [begun], false);
    expect(await waiting).toMatchObject({ translated: true, affected: 0, pending: [] });
  });

  it('stops waiting when the caller does', async () => {
    const caller = new AbortController();
    const waiting = tracker.convergence(1, 60_000, caller.signal);
    caller.abort();
    expect(await waiting).toMatchObject({ translated: false });
  });

  it('counts a refusal of the newest version, and not one of an earlier version', async () => {
    const a = open('a');
    a.resource.current = '2';
    push(0, 1, a.stream);
    a.refuse('1', 'old');
    expect(await know(1)).toMatchObject({ pending: ['default/a'], rejected: [] });
    a.refuse('2', 'not this');
    expect(await know(1)).toMatchObject({ pending: [], rejected: [{ proxy: 'default/a', reason: 'c: not this' }] });
    expect(tracker.list()[0]).toMatchObject({ synced: false, resources: { CDS: { rejected: 1, inForce: 0 } } });
  });

  it('counts what the control plane held back as rejected, with the reason', async () => {
    const a = open('a');
    a.resource.fault = 'is wrong';
    push(0, 1, a.stream);
    a.report('1');
    const [rejected] = (await know(1)).rejected;
    expect(rejected?.reason).toBe('held back by the control plane: c: is wrong');
    expect(tracker.list()[0]?.rejected[0]?.reason).toBe('held back by the control plane: is wrong');
  });

  it('takes what a stock client acknowledged for what it has in force', async () => {
    const a = open('a', { isStock: true });
    push(0, 1, a.stream);
    a.resource.acknowledged = '1';
    tracker.progressed(a.stream.key);
    expect(await know(1)).toMatchObject({ inForce: 1 });
  });

  it('takes a NACK of exactly this resource for a refusal', async () => {
    const a = open('a', { isStock: true });
    push(0, 1, a.stream);
    a.rejections.push({ typeUrl: CLUSTER_TYPE_URL, name: 'c', version: '1', reason: 'no', atMs: 0 });
    tracker.progressed(a.stream.key);
    expect(await know(1)).toMatchObject({ rejected: [{ reason: 'c: no' }] });
  });

  it('counts a resource that does not exist as in force when none is reported', () => {
    const a = open('a');
    a.resource.current = null;
    expect(tracker.list()[0]).toMatchObject({ synced: true });
    a.report('1');
    expect(tracker.list()[0]).toMatchObject({ synced: false });
  });

  it('does not wait for a proxy that is gone', async () => {
    const [a, b] = [open('a'), open('b')];
    push(0, 1, a.stream, b.stream);
    const waiting = tracker.convergence(1, 60_000, signal);
    a.report('1');
    tracker.closed(b.stream);
    expect(await waiting).toMatchObject({ affected: 1, inForce: 1, pending: [] });
    expect(tracker.list().map(({ name }) => name)).toEqual(['a']);
  });

  it('keeps the later of two streams of one workload, also when the earlier one ends last', () => {
    const [earlier, later] = [open('a'), open('a')];
    tracker.closed(earlier.stream);
    expect(tracker.size).toBe(1);
    tracker.closed(later.stream);
    expect(tracker.size).toBe(0);
  });

  it('shows the earlier of two streams again when the later one ends first', () => {
    const [first, second, third] = [open('a'), open('a'), open('a')];
    const shown = () => tracker.list().map(({ connectedAtMs }) => connectedAtMs);
    for (const [index, { stream }] of [first, second, third].entries()) Object.assign(stream, { connectedAtMs: index });
    expect(shown()).toEqual([2]);
    tracker.closed(second.stream);
    expect(shown()).toEqual([2]);
    tracker.closed(third.stream);
    expect(shown()).toEqual([0]);
    tracker.closed(first.stream);
    expect(shown()).toEqual([]);
    expect(tracker.size).toBe(0);
  });

  it('waits for the stream that counts, and not for one that a later one has taken the place of', async () => {
    const first = open('a');
    first.resource.current = '2';
    push(1, 2, first.stream);
    const second = open('a');
    second.resource.current = '3';
    expect(await know(2)).toMatchObject({ affected: 0, pending: [] });
    push(2, 3, first.stream, second.stream);
    second.report('3');
    expect(await know(3)).toMatchObject({ affected: 1, inForce: 1, pending: [] });
  });

  it('is done with a revision that it has forgotten', async () => {
    for (let revision = 1; revision <= 300; revision += 1) {
      push(revision - 1, revision);
    }
    expect(await tracker.convergence(3, 60_000, signal)).toMatchObject({ translated: true, affected: 0 });
  });

  it('counts by type what is subscribed, sent, acknowledged and in force', () => {
    const a = open('a');
    Object.assign(a.resource, { sent: '1', acknowledged: '1' });
    const counts = () => tracker.list()[0]?.resources.CDS;
    expect(counts()).toEqual({ subscribed: 1, sent: 1, acknowledged: 1, inForce: 0, rejected: 0 });
    a.report('1');
    expect(counts()).toEqual({ subscribed: 1, sent: 1, acknowledged: 1, inForce: 1, rejected: 0 });
  });

  it('counts a name that stands for nothing as in force where nothing of that name is', () => {
    const a = open('a');
    Object.assign(a.resource, { current: null, sent: null, acknowledged: null });
    expect(tracker.list()[0]).toMatchObject({
      synced: true,
      resources: { CDS: { subscribed: 1, sent: 0, inForce: 1 } },
    });
    a.report('1');
    expect(tracker.list()[0]).toMatchObject({ synced: false, resources: { CDS: { inForce: 0 } } });
  });
});
