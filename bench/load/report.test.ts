import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { styleFor } from '../../cli/terminal/style.ts';
import { formatCircumstances, formatPairs, formatScenario } from './report.ts';
import { measured, outcomeOf } from './testing/measurement.ts';
import { peerNamed, scenarioOf } from './testing/scenario.ts';

const style = styleFor(new Writable(), { LANG: 'C' });
const scenario = scenarioOf('http1-plain', ['heddle', 'haproxy'].map(peerNamed));
const figures = { cpuUsPerRequest: 10, requestsPerSecond: 50_000.4, p50Ms: 1, p99Ms: 2.345, rssMb: 16 };
const outcome = outcomeOf.bind(null, 'http1-plain');

describe('formatScenario', () => {
  it('puts every proxy beside HAProxy, and beside Envoy where that is a peer', () => {
    const outcomes = [
      outcome('heddle', { ...figures, cpuUsPerRequest: 15 }),
      outcome('haproxy', figures),
      outcome('envoy', { ...figures, cpuUsPerRequest: 30 }),
    ];
    const withEnvoy = { ...scenario, peers: [...scenario.peers, peerNamed('envoy')] };
    expect(formatScenario(withEnvoy, outcomes, style).split('\n')).toEqual([
      'http1-plain   load → proxy',
      'PROXY     CPU µs/request   × HAProxy   × Envoy   requests/s   p50 ms   p99 ms   RSS MB',
      'heddle              15.0        1.50      0.50        50000     1.00     2.35     16.0',
      'haproxy             10.0        1.00      0.33        50000     1.00     2.35     16.0',
      'envoy               30.0        3.00      1.00        50000     1.00     2.35     16.0',
      '',
    ]);
  });

  it('invents neither a ratio without HAProxy nor figures for what was not measured', () => {
    const outcomes = [
      outcome('nginx', figures, { remark: 'HTTP/1.1 to the upstream' }),
      outcome('haproxy', null, { reason: 'haproxy is not installed' }),
      outcome('heddle', null, { reason: '3 answers were errors', isFault: true }),
      outcome('direct', { ...figures, cpuUsPerRequest: Number.NaN, rssMb: Number.NaN }),
    ];
    expect(formatScenario(scenario, outcomes, style).split('\n').slice(2)).toEqual([
      'nginx               10.0           –        50000     1.00     2.35     16.0',
      'haproxy                –           –            –        –        –        –',
      'heddle                 –           –            –        –        –        –',
      'direct                 –           –        50000     1.00     2.35        –',
      '  nginx: HTTP/1.1 to the upstream',
      '! haproxy not measured: haproxy is not installed',
      'x heddle not measured: 3 answers were errors',
      '',
    ]);
  });

  it('compares by the figure of the scenario', () => {
    const bodies = { ...scenario, figures: ['cpuMsPerGb', 'rssMb'] as const };
    const outcomes = [
      outcome('heddle', { cpuMsPerGb: 600, rssMb: 70 }),
      outcome('haproxy', { cpuMsPerGb: 500, rssMb: 16 }),
    ];
    expect(formatScenario(bodies, outcomes, style).split('\n').slice(1, 3)).toEqual([
      'PROXY     CPU ms/GB   × HAProxy   RSS MB',
      'heddle          600        1.20     70.0',
    ]);
  });
});

describe('formatPairs', () => {
  const rounds = (...values: number[]) => values.map((cpuUsPerRequest) => measured({ cpuUsPerRequest }));

  it('gives the interval of the first proxy beside each other, and doubts few pairs', () => {
    const few = [
      outcome('heddle', figures, { starts: [rounds(11, 22, 33)] }),
      outcome('direct', null),
      outcome('haproxy', figures, { starts: [rounds(10, 20, 30)] }),
    ];
    expect(formatPairs(scenario, few)).toBe(
      '  heddle / haproxy, CPU µs/request: 1.100 (95 %: 1.100 to 1.100, 3 pairs; ' +
        'too few to believe a difference under 5 %)\n',
    );
  });

  it('gives that of each other beside the first where the scenario compares to it', () => {
    const outcomes = [
      outcome('heddle', figures, { starts: [rounds(10, 20, 30)] }),
      outcome('maglev', figures, { starts: [rounds(11, 22, 33)] }),
    ];
    const text = formatPairs({ ...scenario, comparesToFirst: true }, outcomes);
    expect(text).toContain('  maglev / heddle, CPU µs/request: 1.100 (95 %');
  });

  it('says of how many starts the pairs are', () => {
    const three = (value: number) => ({ starts: Array(3).fill(rounds(value, value, value)) });
    const outcomes = [outcome('heddle', figures, three(11)), outcome('haproxy', figures, three(10))];
    expect(formatPairs(scenario, outcomes)).toBe(
      '  heddle / haproxy, CPU µs/request: 1.100 (95 %: 1.100 to 1.100, 9 pairs of 3 starts)\n',
    );
  });

  it('says nothing without pairs', () => {
    expect(formatPairs(scenario, [])).toBe('');
    const one = outcome('heddle', figures, { starts: [rounds(1, 2)] });
    expect(formatPairs(scenario, [one, outcome('b', figures)])).toBe('');
  });
});

describe('formatCircumstances', () => {
  const circumstances = {
    measuredAt: '',
    commit: 'abc',
    machine: { cpu: 'EPYC', cores: 2, memoryGb: 8, kernel: '6.1' },
    versions: { node: '20.20.2', haproxy: null, nginx: '1.22.1', wrk: '4.1.0', 'http-proxy': '1.18.1' },
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

  it('names machine, commit, versions and method', () => {
    expect(formatCircumstances(circumstances).split('\n')).toEqual([
      'EPYC, 2 cores, 8 GB, Linux 6.1; commit abc',
      'node 20.20.2, haproxy –, nginx 1.22.1, wrk 4.1.0, http-proxy 1.18.1',
      'medians of 3 interleaved rounds of 1 s in one start, 64 connections and 1024-byte bodies where nothing else is said, ' +
        'access logs off; each proxy on one core, load and upstream on the others',
      '',
    ]);
  });

  it('says how often everything was started', () => {
    const method = { ...circumstances.method, processes: 5 };
    expect(formatCircumstances({ ...circumstances, method })).toContain('rounds of 1 s in each of 5 starts, 64');
  });

  it('says so when nothing was pinned', () => {
    const method = { ...circumstances.method, isPinned: false };
    expect(formatCircumstances({ ...circumstances, method })).toContain('not pinned');
  });
});
