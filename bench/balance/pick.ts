import type { BuildPicker } from '../../proxy/balance/balancer.ts';
import { buildLeastRequest } from '../../proxy/balance/least-request.ts';
import { buildRandom } from '../../proxy/balance/random.ts';
import { buildRoundRobin } from '../../proxy/balance/round-robin.ts';
import { report } from '../measure.ts';

let sink: unknown = null;
const balancers: [string, BuildPicker][] = [
  ['least request', buildLeastRequest],
  ['round robin', buildRoundRobin],
  ['random', buildRandom],
];
const sets: [string, number[]][] = [
  ['3 equal', [1, 1, 1]],
  ['3 unequal', [1, 2, 3]],
  ['100 equal', Array.from({ length: 100 }, () => 1)],
  ['100 unequal', Array.from({ length: 100 }, (_, index) => index + 1)],
];

for (const [name, build] of balancers) {
  for (const [set, weights] of sets) {
    const candidates = weights.map((weight, index) => ({ weight, activeRequests: index % 3 }));
    const picker = build(candidates, Math.random);
    report(`pick: ${name}, ${set}`, (count) => {
      for (let i = 0; i < count; i++) sink = picker.pick(null);
    });
  }
}
if (sink === null) throw new Error('nothing was measured');
