import type { BuildPicker } from '../../proxy/balance/balancer.ts';
import { HashKey } from '../../proxy/balance/hash-key.ts';
import type { TablePlan } from '../../proxy/balance/hash-table.ts';
import { HashTables } from '../../proxy/balance/hash-tables.ts';
import { buildLeastRequest } from '../../proxy/balance/least-request.ts';
import { maglevTable } from '../../proxy/balance/maglev.ts';
import { buildPeakEwma, PeakEwma } from '../../proxy/balance/peak-ewma.ts';
import { buildRandom } from '../../proxy/balance/random.ts';
import { ringTable } from '../../proxy/balance/ring-hash.ts';
import { buildRoundRobin } from '../../proxy/balance/round-robin.ts';
import { sharedPicker } from '../../proxy/balance/shared-picker.ts';
import { xxh64 } from '../../proxy/balance/xxh64.ts';
import { RequestHead } from '../../proxy/message-head.ts';
import type { HashRule } from '../../proxy/route/hash-policy.ts';
import { HashPolicies, RequestAffinity } from '../../proxy/route/hash-policy.ts';
import { report } from '../measure.ts';

let sink: unknown = null;
/** As a cluster with two levels, of which the second takes a tenth. */
const inLevels: BuildPicker = (candidates, random) => {
  const middle = Math.ceil(candidates.length / 2);
  const levels = [candidates.slice(0, middle), candidates.slice(middle)];
  return sharedPicker(
    levels.map((level, index) => ({ picker: buildLeastRequest(level, random), share: index === 0 ? 90 : 10 })),
    random,
  );
};

/** As a cluster that gets its first endpoints. */
function byTable(plan: TablePlan): BuildPicker {
  return (candidates, random) => new HashTables().balancer(plan)(candidates, random);
}

const balancers: [string, BuildPicker][] = [
  ['least request', buildLeastRequest],
  ['round robin', buildRoundRobin],
  ['random', buildRandom],
  ['peak EWMA', buildPeakEwma],
  ['ring hash', byTable(ringTable())],
  ['Maglev', byTable(maglevTable())],
  ['least request in two levels', inLevels],
];
const weightings: [string, (index: number) => number][] = [
  ['equal', () => 1],
  ['unequal', (index) => 1 + (index % 10)],
];

const keys = Array.from({ length: 1_024 }, (_, index) => {
  const key = new HashKey();
  xxh64(`user-${index}`, key);
  return key;
});

for (const [name, build] of balancers) {
  for (const [weighting, weightOf] of weightings) {
    for (const size of [10, 1_000, 5_000]) {
      const candidates = Array.from({ length: size }, (_, index) => ({
        key: `10.0.${index >>> 8}.${index & 255}:15006`,
        weight: weightOf(index),
        activeRequests: index % 3,
        warmth: 1,
        latency: name === 'peak EWMA' ? new PeakEwma(() => 0) : null,
      }));
      const startedAtMs = performance.now();
      const picker = build(candidates, Math.random);
      const builtMs = (performance.now() - startedAtMs).toFixed(1);
      report(`pick: ${name}, ${size} ${weighting} (built in ${builtMs} ms)`, (count) => {
        for (let i = 0; i < count; i++) sink = picker.pick(null, keys[i & 1_023] ?? null);
      });
    }
  }
}

for (const text of ['10.1.2.3', 'b1946ac9-2f7a-4d0a-9a53-0c1c0c0f5d3e']) {
  const key = new HashKey();
  report(`XXH64 of ${text.length} bytes`, (count) => {
    for (let i = 0; i < count; i++) xxh64(text, key);
    sink = key.low;
  });
}
const head = Object.assign(new RequestHead(), {
  block: 'host: cart\r\naccept: */*\r\nuser-agent: bench\r\ncookie: a=b; user=ada\r\nx-user: ada\r\n',
  path: '/items?user=ada',
});
const rules: [string, HashRule][] = [
  ['header', { kind: 'header', name: 'x-user', terminal: false }],
  ['cookie', { kind: 'cookie', name: 'user', made: null, terminal: false }],
  ['query parameter', { kind: 'query', name: 'user', terminal: false }],
  ['address', { kind: 'source-ip', terminal: false }],
];
for (const [name, rule] of rules) {
  const policies = new HashPolicies([rule], Math.random);
  const affinity = new RequestAffinity();
  report(`hash of a request by ${name}`, (count) => {
    for (let i = 0; i < count; i++) sink = policies.keyOf(head, '10.1.2.3', affinity);
  });
}
if (sink === null) throw new Error('nothing was measured');
