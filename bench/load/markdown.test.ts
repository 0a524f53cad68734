import { describe, expect, it } from 'vitest';
import { formatMarkdown } from './markdown.ts';
import { outcomeOf } from './testing/measurement.ts';
import { peerNamed, scenarioOf } from './testing/scenario.ts';

const circumstances = {
  measuredAt: '',
  commit: 'abc',
  machine: { cpu: 'EPYC', cores: 2, memoryGb: 8, kernel: '6.1' },
  versions: { node: '20.20.2', haproxy: '2.6.12' },
  method: {
    rounds: 3,
    roundMs: 1000,
    warmUpMs: 1,
    settleMs: 1,
    processes: 1,
    connections: 64,
    bodyBytes: 1024,
    isPinned: true,
  },
};

describe('formatMarkdown', () => {
  it('has a row for each scenario, with what was not measured said, and what it was made with', () => {
    const peers = ['direct', 'heddle', 'haproxy', 'nginx', 'envoy'].map(peerNamed);
    const selected = [
      scenarioOf('http1-plain', peers),
      scenarioOf('bodies', peers.slice(0, 3), { figures: ['cpuMsPerGb'], target: { timesHaproxy: 1.3 } }),
    ];
    const outcomes = [
      outcomeOf('http1-plain', 'heddle', { cpuUsPerRequest: 12 }),
      outcomeOf('http1-plain', 'haproxy', { cpuUsPerRequest: 10 }),
      outcomeOf('http1-plain', 'nginx', { cpuUsPerRequest: 9 }),
      outcomeOf('http1-plain', 'envoy', null),
      outcomeOf('bodies', 'heddle', { cpuMsPerGb: 600 }),
      outcomeOf('bodies', 'haproxy', { cpuMsPerGb: 500 }),
    ];
    expect(formatMarkdown(circumstances, selected, outcomes).split('\n')).toEqual([
      '| scenario | figure | heddle | haproxy | envoy | nginx | × HAProxy | × Envoy | target |',
      '| --- | --- | --: | --: | --: | --: | --: | --: | --: |',
      '| http1-plain | CPU µs/request | 12.0 | 10.0 | not measured | 9.0 | 1.20 | not measured | ' +
        '≤ 1.15 × HAProxy, ≤ 1 × Envoy, **missed** |',
      '| bodies | CPU ms/GB | 600 | 500 |  |  | 1.20 | not measured | ≤ 1.3 × HAProxy |',
      '',
      expect.stringMatching(/^EPYC, 2 cores, 8 GB, Linux 6.1; commit abc; node 20.20.2, haproxy 2.6.12; medians of 3 /),
      '',
    ]);
  });
});
