import { setTimeout as delay } from 'node:timers/promises';
import type { RunningPeer } from '../peer.ts';
import { residentMb } from '../process-cost.ts';
import type { StageProcess } from '../stage.ts';
import type { Load } from './load.ts';
import { nodeProgram } from './node-program.ts';

const openLimitMs = 30_000;
const betweenLooksMs = 250;
/** Memory is settled when it has not moved by more than this over four looks, or after the limit. */
const settledShare = 0.002;
const settleLimitMs = 10_000;

/**
 * Opens so many more connections of HTTP/1.1, each idle after one answer, and keeps them until the stage ends. What the
 * proxy's resident memory has grown by, both times when it had settled, is what a connection takes.
 */
export function idleConnections(count: number): Load {
  return {
    programs: [],
    async run(stage, peer) {
      const beforeMb = await settledMb(peer);
      const startMs = performance.now();
      const line = [...nodeProgram('idle-connections-program'), String(peer.port), String(count)];
      await untilOpen(stage.start('others', process.execPath, line));
      const seconds = (performance.now() - startMs) / 1000;
      const grownMb = (await settledMb(peer)) - beforeMb;
      const none = { bodyBytes: Number.NaN, p50Ms: Number.NaN, p90Ms: Number.NaN, p99Ms: Number.NaN };
      return {
        ...none,
        requests: count,
        requestsPerSecond: count / seconds,
        kbPerConnection: (grownMb * 1000) / count,
      };
    },
  };
}

async function untilOpen(program: StageProcess): Promise<void> {
  const deadlineMs = performance.now() + openLimitMs;
  while (!program.output().includes('open\n')) {
    if (program.outcome !== null) throw new Error(`connections could not be opened: ${program.lastWords()}`);
    if (performance.now() > deadlineMs) throw new Error(`connections were not open within ${openLimitMs / 1000} s`);
    await delay(betweenLooksMs);
  }
}

/** With garbage collected where the peer lets itself be told; NaN without a proxy. */
async function settledMb(peer: RunningPeer): Promise<number> {
  const look = () => peer.hops.reduce((sum, pid) => sum + residentMb(pid), 0);
  if (peer.hops.length === 0) return Number.NaN;
  const deadlineMs = performance.now() + settleLimitMs;
  const looks: number[] = [];
  for (;;) {
    if (peer.collectSignal !== null) for (const pid of peer.hops) process.kill(pid, peer.collectSignal);
    await delay(betweenLooksMs);
    looks.push(look());
    const last = looks.slice(-4);
    const least = Math.min(...last);
    if (last.length === 4 && Math.max(...last) - least <= least * settledShare) break;
    if (performance.now() > deadlineMs) break;
  }
  return look();
}
