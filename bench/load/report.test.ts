import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { styleFor } from '../../cli/terminal/style.ts';
import type { Measurement, Outcome } from './measure.ts';
import { formatCircumstances, formatScenario } from './report.ts';

const style = styleFor(new Writable(), { LANG: 'C' });
const scenario = { name: 'http1-plain', summary: 'load → proxy', peers: [] };

const outcome = (proxy: string, measurement: Measurement | null, reason: string | null = null): Outcome => ({
  scenario: scenario.name,
  proxy,
  measurement,
  reason,
  isFault: reason?.includes('errors') ?? false,
});
const figures: Measurement = { cpuUsPerRequest: 10, requestsPerSecond: 50_000.4, p50Ms: 1, p99Ms: 2.345, rssMb: 16 };

describe('formatScenario', () => {
  it('puts every proxy beside HAProxy', () => {
    const text = formatScenario(
      scenario,
      [outcome('heddle', { ...figures, cpuUsPerRequest: 15 }), outcome('haproxy', figures)],
      style,
    );
    expect(text.split('\n')).toEqual([
      'http1-plain   load → proxy',
      'PROXY     CPU µs/request   × HAProxy   requests/s   p50 ms   p99 ms   RSS MB',
      'heddle              15.0        1.50        50000     1.00     2.35     16.0',
      'haproxy             10.0        1.00        50000     1.00     2.35     16.0',
      '',
    ]);
  });

  it('invents neither a ratio without HAProxy nor figures for what was not measured', () => {
    const text = formatScenario(
      scenario,
      [
        outcome('nginx', figures),
        outcome('haproxy', null, 'haproxy is not installed'),
        outcome('heddle', null, '3 answers were errors'),
        outcome('direct', { ...figures, cpuUsPerRequest: Number.NaN, rssMb: Number.NaN }),
      ],
      style,
    );
    expect(text.split('\n').slice(2)).toEqual([
      'nginx               10.0           –        50000     1.00     2.35     16.0',
      'haproxy                –           –            –        –        –        –',
      'heddle                 –           –            –        –        –        –',
      'direct                 –           –        50000     1.00     2.35        –',
      '! haproxy not measured: haproxy is not installed',
      'x heddle not measured: 3 answers were errors',
      '',
    ]);
  });
});

describe('formatCircumstances', () => {
  const circumstances = {
    measuredAt: '',
    commit: 'abc',
    machine: { cpu: 'EPYC', cores: 2, memoryGb: 8, kernel: '6.1' },
    versions: { node: '20.20.2', haproxy: null, nginx: '1.22.1', wrk: '4.1.0', 'http-proxy': '1.18.1' },
    method: { rounds: 3, roundMs: 1000, warmUpMs: 1, settleMs: 1, connections: 64, bodyBytes: 1024, isPinned: true },
  };

  it('names machine, commit, versions and method', () => {
    expect(formatCircumstances(circumstances).split('\n')).toEqual([
      'EPYC, 2 cores, 8 GB, Linux 6.1; commit abc',
      'node 20.20.2, haproxy –, nginx 1.22.1, wrk 4.1.0, http-proxy 1.18.1',
      'medians of 3 interleaved rounds of 1 s, 64 connections, 1024-byte bodies, access logs off; ' +
        'each proxy on one core, load and upstream on the others',
      '',
    ]);
  });

  it('says so when nothing was pinned', () => {
    const method = { ...circumstances.method, isPinned: false };
    expect(formatCircumstances({ ...circumstances, method })).toContain('not pinned');
  });
});
