import { describe, expect, it } from 'vitest';
import { hasProgram } from '../../examples/testing/programs.ts';
import { measureScenario, medians } from './measure.ts';
import type { Peer } from './peer.ts';
import { Stage } from './stage.ts';
import { upstreamBody } from './upstream.ts';

const effort = { rounds: 2, roundMs: 150, warmUpMs: 150, settleMs: 150 };

/** A server that is its own upstream. It gives the right answer this many times and then fails. */
const peerFailingAfter = (name: string, rightAnswers: number): Peer => ({
  name,
  warmsUp: true,
  missing: () => null,
  start: async (stage) => {
    const program = `
      let left = ${rightAnswers};
      require('node:http')
        .createServer((request, response) => response.writeHead(left-- > 0 ? 200 : 500).end('${upstreamBody}'))
        .listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;
    const server = stage.start('proxy', process.execPath, ['-e', program]);
    await expect.poll(() => server.output()).toMatch(/^\d+\n/);
    return { port: Number(server.output()), hops: [server.pid], meshPort: null };
  },
});

const measure = async (...peers: Peer[]) => {
  const stage = new Stage(null);
  try {
    return await measureScenario(stage, { name: 'test', summary: '', peers }, 0, effort, () => {});
  } finally {
    await stage.close();
  }
};

describe('measureScenario', () => {
  it.skipIf(!hasProgram('wrk'))('measures what works and gives no figures to what failed one request', async () => {
    const [good, bad] = await measure(peerFailingAfter('good', 1e9), peerFailingAfter('bad', 20));
    expect(good).toMatchObject({ proxy: 'good', reason: null, isFault: false });
    expect(good?.measurement?.cpuUsPerRequest).toBeGreaterThan(1);
    expect(good?.measurement?.requestsPerSecond).toBeGreaterThan(100);
    expect(good?.measurement?.rssMb).toBeGreaterThan(20);
    expect(bad).toMatchObject({ proxy: 'bad', measurement: null, isFault: true });
    expect(bad?.reason).toMatch(/^[1-9]\d* answers were errors and 0 connections failed/);
  });

  it('says why a proxy is missing, which is no fault, and why one did not start, which is', async () => {
    const start = () => Promise.reject(new Error('bad configuration'));
    const outcomes = await measure(
      { name: 'absent', warmsUp: false, missing: () => 'absent is not installed', start },
      { name: 'broken', warmsUp: false, missing: () => null, start },
    );
    expect(outcomes).toEqual([
      { scenario: 'test', proxy: 'absent', measurement: null, reason: 'absent is not installed', isFault: false },
      { scenario: 'test', proxy: 'broken', measurement: null, reason: 'bad configuration', isFault: true },
    ]);
  });
});

describe('medians', () => {
  it('takes each figure by itself', () => {
    const sample = (value: number) => ({
      cpuUsPerRequest: value,
      requestsPerSecond: 100 - value,
      p50Ms: value * 2,
      p99Ms: value === 1 ? 1000 : 5,
      rssMb: 50 + value,
    });
    expect(medians([sample(3), sample(1), sample(2)])).toEqual({
      cpuUsPerRequest: 2,
      requestsPerSecond: 98,
      p50Ms: 4,
      p99Ms: 5,
      rssMb: 52,
    });
  });
});
