import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Circumstances } from './result-file.ts';
import { collectResults, writeResults } from './result-file.ts';
import { outcomeOf } from './testing/measurement.ts';

const circumstances: Circumstances = {
  measuredAt: '2026-01-02T03:04:05.000Z',
  commit: 'abc-dirty',
  machine: { cpu: 'EPYC', cores: 2, memoryGb: 8, kernel: '6.1' },
  versions: { node: '20.20.2', haproxy: '2.6.12', nginx: '1.22.1', wrk: '4.1.0', 'http-proxy': null },
  method: {
    rounds: 5,
    roundMs: 3000,
    warmUpMs: 2000,
    settleMs: 500,
    processes: 3,
    connections: 64,
    bodyBytes: 1024,
    isPinned: true,
  },
};
const figures = { cpuUsPerRequest: 14.3333, requestsPerSecond: 40_123.4, p50Ms: 1.4449, p99Ms: 3, rssMb: 15.999 };
const measured = outcomeOf('http1-plain', 'haproxy', figures);

describe('collectResults', () => {
  it('gives a measured proxy a row with exactly the agreed names, and the circumstances beside it', () => {
    const results = collectResults(circumstances, [measured], []);
    expect(results.rows).toEqual([
      {
        scenario: 'http1-plain',
        proxy: 'haproxy',
        cpuUsPerRequest: 14.33,
        requestsPerSecond: 40_123,
        p50Ms: 1.44,
        p99Ms: 3,
        rssMb: 16,
      },
    ]);
    expect(results).toMatchObject(circumstances);
    expect(results.notMeasured).toEqual([]);
    expect(results.direct).toEqual([]);
  });

  it('keeps what a row differs in', () => {
    const remark = 'HTTP/1.1 to the upstream';
    expect(collectResults(circumstances, [{ ...measured, remark }], []).rows[0]).toMatchObject({ remark });
  });

  it('gives what was not measured its reason and no row', () => {
    const missing = outcomeOf('http1-plain', 'nginx', null, { reason: 'nginx is not installed' });
    const results = collectResults(circumstances, [missing], []);
    expect(results.rows).toEqual([]);
    expect(results.notMeasured).toEqual([
      { scenario: 'http1-plain', proxy: 'nginx', reason: 'nginx is not installed' },
    ]);
  });

  it('keeps the run without a proxy apart, so that every row has a cost', () => {
    const direct = outcomeOf('http1-plain', 'direct', { requestsPerSecond: 90_000, p50Ms: 0.5, p99Ms: 1 });
    const results = collectResults(circumstances, [direct], []);
    expect(results.rows).toEqual([]);
    expect(results.direct).toEqual([
      { scenario: 'http1-plain', proxy: 'direct', requestsPerSecond: 90_000, p50Ms: 0.5, p99Ms: 1 },
    ]);
  });
});

describe('writeResults', () => {
  let folder = '';
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('makes the folder, and leaves nothing there but the file', () => {
    folder = mkdtempSync(join(tmpdir(), 'heddle-results-'));
    const results = collectResults(circumstances, [measured], []);
    for (let time = 0; time < 2; time += 1) writeResults(join(folder, 'results', 'latest.json'), results);
    expect(readdirSync(join(folder, 'results'))).toEqual(['latest.json']);
    expect(JSON.parse(readFileSync(join(folder, 'results', 'latest.json'), 'utf8'))).toEqual(results);
  });
});
