import { describe, expect, it } from 'vitest';
import { hasProgram } from '../../examples/testing/programs.ts';
import { measureScenario, medians, withAdded } from './measure.ts';
import type { Peer } from './peer.ts';
import type { Scenario } from './scenario.ts';
import { Stage } from './stage.ts';
import { measured } from './testing/measurement.ts';
import { peerNamed, runningAt, scenarioOf } from './testing/scenario.ts';
import { upstreamBody } from './upstream.ts';

const effort = { rounds: 2, roundMs: 150, warmUpMs: 150, settleMs: 150 };
const upstream = { addresses: [], http1Port: 0, http2Port: null };

/** A server that is its own upstream. It gives the right answer this many times and then fails. */
const peerFailingAfter = (name: string, rightAnswers: number): Peer => ({
  ...peerNamed(name),
  warmsUp: true,
  start: async (stage) => {
    const program = `
      let left = ${rightAnswers};
      require('node:http')
        .createServer((request, response) => response.writeHead(left-- > 0 ? 200 : 500).end('${upstreamBody}'))
        .listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
    const server = stage.start('proxy', process.execPath, ['-e', program]);
    await expect.poll(() => server.output()).toMatch(/^\d+\n/);
    return runningAt(Number(server.output()), [server.pid]);
  },
});

const measure = async (scenario: Scenario) => {
  const stage = new Stage(null);
  try {
    return await measureScenario(stage, scenario, upstream, effort, () => {});
  } finally {
    await stage.close();
  }
};

describe('measureScenario', () => {
  it.skipIf(!hasProgram('wrk'))('measures what works and gives no figures to what failed one request', async () => {
    const peers = [peerFailingAfter('good', 1e9), peerFailingAfter('bad', 20)];
    const [good, bad] = await measure(scenarioOf('test', peers));
    expect(good).toMatchObject({ proxy: 'good', reason: null, isFault: false });
    expect(good?.measurement?.cpuUsPerRequest).toBeGreaterThan(1);
    expect(good?.measurement?.requestsPerSecond).toBeGreaterThan(100);
    expect(good?.measurement?.rssMb).toBeGreaterThan(20);
    expect(good?.measurement?.cpuMsPerGb).toBeCloseTo((good?.measurement?.cpuUsPerRequest ?? 0) * (1e6 / 1024), -3);
    expect(good?.starts).toEqual([[expect.anything(), expect.anything()]]);
    expect(bad).toMatchObject({ proxy: 'bad', measurement: null, isFault: true });
    expect(bad?.reason).toMatch(/^[1-9]\d* answers were errors and 0 connections failed/);
  });

  it.skipIf(!hasProgram('wrk'))(
    'says why a proxy is missing, which is no fault, and why one did not start',
    async () => {
      const start = () => Promise.reject(new Error('bad configuration'));
      const peers = [
        { ...peerNamed('absent'), missing: () => 'absent is not installed' },
        { ...peerNamed('broken'), start },
      ];
      const none = { scenario: 'test', remark: null, measurement: null, starts: [] };
      expect(await measure(scenarioOf('test', peers))).toEqual([
        { ...none, proxy: 'absent', reason: 'absent is not installed', isFault: false },
        { ...none, proxy: 'broken', reason: 'bad configuration', isFault: true },
      ]);
    },
  );

  it('measures nobody without the program that makes the load, which is no fault', async () => {
    const load = { programs: ['no-such-program'], run: () => Promise.reject(new Error('never run')) };
    const [outcome] = await measure(scenarioOf('test', [peerNamed('any')], { load }));
    expect(outcome).toMatchObject({ reason: 'no-such-program is not installed', isFault: false, measurement: null });
  });
});

describe('medians', () => {
  it('takes each figure by itself, and leaves out what is none', () => {
    const round = (value: number) => measured({ cpuUsPerRequest: value, p99Ms: value === 1 ? 1000 : 5 });
    expect(medians([round(3), round(1), round(2)])).toEqual(measured({ cpuUsPerRequest: 2, p99Ms: 5 }));
  });
});

describe('withAdded', () => {
  it('tells by what the percentiles are more than without a proxy', () => {
    const direct = measured({ p50Ms: 1, p90Ms: 2, p99Ms: 3 });
    const proxied = measured({ p50Ms: 1.5, p90Ms: 4, p99Ms: 9 });
    expect(withAdded(proxied, direct)).toMatchObject({ addedP50Ms: 0.5, addedP90Ms: 2, addedP99Ms: 6 });
    expect(withAdded(proxied, undefined).addedP99Ms).toBeNaN();
  });
});
