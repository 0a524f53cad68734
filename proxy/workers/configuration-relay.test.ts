import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { goodCluster } from '../../proto/testing/resources.ts';
import { CLUSTER_TYPE_URL as cds, ROUTE_CONFIGURATION_TYPE_URL as rds } from '../../proto/type-urls.ts';
import { parseResource } from '../xds/parse-resource.ts';
import { ConfigurationRelay } from './configuration-relay.ts';
import type { ToWorker } from './messages.ts';

function setUp() {
  const told: ToWorker[] = [];
  const wanted: string[] = [];
  const forgotten: string[] = [];
  const state = { applied: -1 };
  const relay = new ConfigurationRelay({
    broadcast: (message) => told.push(message),
    appliedByAll: () => state.applied,
    want: ({ name }) => wanted.push(`+${name}`),
    release: ({ name }) => wanted.push(`-${name}`),
    concurrency: 2,
    onForgotten: (cluster) => forgotten.push(cluster),
  });
  return { told, wanted, forgotten, state, relay };
}

const route = (name: string) => ({ typeUrl: rds, name });

function resource(typeUrl: string, name: string, version = '1') {
  const bytes =
    typeUrl === cds
      ? pack('envoy.config.cluster.v3.Cluster', { ...goodCluster(), name }).value
      : pack('envoy.config.route.v3.RouteConfiguration', { name, virtual_hosts: [] }).value;
  const parsed = parseResource({ typeUrl, name, version, bytes }, 'cluster.local', 0);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}

describe('ConfigurationRelay', () => {
  it('asks for what a first worker wants and lets go when the last one does', () => {
    const { wanted, relay } = setUp();
    relay.hold(0, route('a'));
    relay.hold(1, route('a'));
    relay.hold(1, route('a'));
    relay.letGo(0, route('a'));
    expect(wanted).toEqual(['+a']);
    relay.letGo(0, route('a'));
    relay.letGo(1, route('a'));
    relay.letGo(1, route('a'));
    expect(wanted).toEqual(['+a', '-a']);
    expect(relay.heldBy(1)).toEqual([]);
  });

  it('tells a worker that asks later what the others know already', () => {
    const { relay } = setUp();
    expect(relay.hold(0, route('a'))).toBeNull();
    relay.put(resource(rds, 'a', '7'));
    expect(relay.hold(1, route('a'))).toMatchObject({ kind: 'put', name: 'a', version: '7', sequence: 1 });
    relay.absent(route('a'));
    expect(relay.hold(1, route('a'))).toMatchObject({ kind: 'absent', name: 'a', sequence: 2 });
    relay.forget(route('a'));
    expect(relay.hold(1, route('a'))).toBeNull();
  });

  it('calls back when all have carried out what was told before, in order', () => {
    const { state, relay } = setUp();
    const done: string[] = [];
    relay.whenInForce(() => done.push('before anything runs'));
    expect(done).toEqual([]);
    state.applied = 0;
    relay.put(resource(cds, 'c'));
    relay.whenInForce(() => done.push('put'));
    relay.absent(route('a'));
    relay.whenInForce(() => done.push('absent'));
    relay.settle();
    expect(done).toEqual(['before anything runs']);
    state.applied = 1;
    relay.settle();
    expect(done).toEqual(['before anything runs', 'put']);
    state.applied = 2;
    relay.settle();
    expect(done).toEqual(['before anything runs', 'put', 'absent']);
    relay.whenInForce(() => done.push('at once'));
    expect(done.at(-1)).toBe('at once');
  });

  it('says of what a worker refuses why, to whom waits for that very version', () => {
    const { state, relay } = setUp();
    const done: unknown[] = [];
    relay.put(resource(cds, 'c', '1'));
    relay.whenInForce((refusal) => done.push(refusal));
    relay.put(resource(cds, 'c', '2'));
    relay.whenInForce((refusal) => done.push(refusal));
    relay.absent(route('a'));
    relay.whenInForce((refusal) => done.push(refusal));
    for (const reason of ['a fault', 'another']) {
      relay.refuse({ kind: 'refused', typeUrl: cds, name: 'c', version: '2', reason });
    }
    state.applied = 3;
    relay.settle();
    expect(done).toEqual([null, 'a fault', null]);
    relay.refuse({ kind: 'refused', typeUrl: cds, name: 'c', version: '2', reason: 'by one that started later' });
    relay.forget({ typeUrl: cds, name: 'c' });
    state.applied = 4;
    relay.whenInForce((refusal) => done.push(refusal));
    expect(done.at(-1)).toBeNull();
  });

  it('tells a new worker everything, needed before needing, and asks for a word at the end', () => {
    const { relay, forgotten } = setUp();
    relay.put(resource(rds, 'a'));
    relay.put(resource(cds, 'gone'));
    relay.put(resource(cds, 'c', '1'));
    relay.put(resource(cds, 'c', '2'));
    relay.forget({ typeUrl: cds, name: 'gone' });
    expect(forgotten).toEqual(['gone']);
    const told = [...relay.everything()].map((message) => ('name' in message ? message.name : message.kind));
    expect(told).toEqual(['c', 'a', 'barrier']);
    expect([...relay.everything()].every((message) => 'sequence' in message && message.sequence === 5)).toBe(true);
  });

  it('has all workers remember what an earlier run had asked for', () => {
    const { relay, told, wanted } = setUp();
    relay.remember(route('a'));
    expect(wanted).toEqual(['+a']);
    expect(told).toEqual([{ kind: 'remember', name: route('a') }]);
    expect([relay.heldBy(0), relay.heldBy(1)]).toEqual([[route('a')], [route('a')]]);
  });
});
