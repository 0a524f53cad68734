/**
 * Clients and an upstream that break connections off at random points, through one sidecar in plaintext and through two
 * with mutual TLS between them. Every byte of every body is compared. Exits with 1 when a byte was wrong, an answer
 * that broke off looked complete, an exchange that nobody broke failed, a sidecar ended, its memory grew, or a file
 * descriptor was left over. Runs built or not (`node dist/bench/stress/main.js`). What it takes is in `options.ts`.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Place } from '../load/peer.ts';
import { heddle } from '../load/peers/heddle.ts';
import { residentMb } from '../load/process-cost.ts';
import { Stage } from '../load/stage.ts';
import type { Options } from './options.ts';
import { readOptions, usage } from './options.ts';
import { drawPlan } from './plan.ts';
import { runClient, Tally } from './unreliable-client.ts';
import { startUnreliableUpstream } from './unreliable-upstream.ts';

const sampleMs = 5_000;
/** Memory is flat when its mean over the last quarter is not above that of the second one by more than this. */
const allowedGrowthMb = 5;
/** Descriptors go after their connections. */
const settleMs = 15_000;

/** One way through the mesh and what is known of it. */
interface Way {
  readonly place: Place;
  readonly port: number;
  readonly sidecars: readonly { readonly pid: number; readonly fdsBefore: number; readonly mb: number[] }[];
  readonly tally: Tally;
}

async function main(line: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(line);
  } catch (error) {
    console.error(
      `stress: ${error instanceof Error ? error.message : error}\nTry: npx tsx bench/stress/main.ts --help`,
    );
    return 2;
  }
  if (options.wantsHelp) {
    process.stdout.write(usage);
    return 0;
  }
  return stress(options);
}

async function stress(options: Options): Promise<number> {
  const stage = new Stage(null);
  process.once('exit', () => stage.clear());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

  const upstream = await startUnreliableUpstream();
  const ways: Way[] = [];
  for (const place of ['single', 'chain'] as const) ways.push(await startWay(stage, place, upstream.port));

  const endsAtMs = performance.now() + options.minutes * 60_000;
  const isOver = () => performance.now() > endsAtMs || stage.firstFailed() !== null;
  const draw = () => drawPlan(Math.random, options.broken);
  const clients = ways.flatMap(({ port, tally }) =>
    Array.from({ length: options.clients }, () => runClient(port, draw, options.pauseMs, isOver, tally)),
  );
  let isRunning = true;
  const watch = watchMemory(ways, () => isRunning);
  await Promise.all(clients);
  isRunning = false;
  await watch;
  upstream.close();

  const faults = ways.flatMap(({ place, tally }) => tally.faults.map((fault) => `${place}: ${fault}`));
  if (upstream.wrongBodies > 0) faults.push(`${upstream.wrongBodies} requests arrived with wrong bodies`);
  const ended = stage.firstFailed();
  if (ended !== null) faults.push(`a sidecar ended (${ended.outcome}): ${ended.lastWords()}`);
  else for (const way of ways) faults.push(...(await leftovers(way, options.clients)));
  for (const fault of faults.slice(0, 20)) console.log(`fault: ${fault}`);
  console.log(faults.length === 0 ? 'no fault' : `${faults.length} faults`);
  await stage.close();
  return faults.length === 0 ? 0 : 1;
}

async function startWay(whole: Stage, place: Place, upstreamPort: number): Promise<Way> {
  const stage = whole.part(place);
  const upstream = { addresses: ['127.0.0.1'], http1Port: upstreamPort, http2Port: null };
  const { port, hops } = await heddle(place, 'http1').start(stage, upstream);
  const tally = new Tally((words) => console.log(words));
  // The first exchanges fail until the routes are there; they are not counted.
  for (;;) {
    const trial = new Tally(() => {});
    let begun = 0;
    await runClient(
      port,
      () => drawPlan(() => 0.1, 0),
      0,
      () => begun++ > 0,
      trial,
    );
    if (trial.faults.length === 0) break;
    await delay(200);
  }
  await delay(500);
  const sidecars = hops.map((pid) => ({ pid, fdsBefore: descriptors(pid), mb: [] }));
  return { place, port, sidecars, tally };
}

async function watchMemory(ways: readonly Way[], isRunning: () => boolean): Promise<void> {
  const startedAtMs = performance.now();
  while (isRunning()) {
    await delay(sampleMs);
    for (const { sidecars } of ways) for (const { pid, mb } of sidecars) mb.push(residentMb(pid));
    const seconds = Math.round((performance.now() - startedAtMs) / 1000);
    if (seconds % 60 < sampleMs / 1000) console.log(ways.map((way) => `${seconds} s  ${describe(way)}`).join('\n'));
  }
}

function describe({ place, sidecars, tally }: Way): string {
  const state = sidecars.map(({ pid, mb }) => `${mb.at(-1)?.toFixed(1)} MB ${descriptors(pid)} fds`).join(', ');
  const { exchanges, brokenOff, bytes, faults } = tally;
  return `${place}: ${exchanges} exchanges, ${brokenOff} broken off, ${(bytes / 1e6).toFixed(0)} MB, ${faults.length} faults; ${state}`;
}

/**
 * Memory that grew, and descriptors that nobody needs any more. Between two sidecars as many connections as there were
 * clients may stay open for the next call.
 */
async function leftovers(way: Way, clients: number): Promise<string[]> {
  const pooled = way.place === 'single' ? 0 : clients;
  const faults: string[] = [];
  console.log(`end  ${describe(way)}`);
  for (const { pid, fdsBefore, mb } of way.sidecars) {
    const quarter = Math.floor(mb.length / 4);
    const growthMb = mean(mb.slice(-quarter)) - mean(mb.slice(quarter, 2 * quarter));
    // fewer than four samples: too short a run to say
    const growth = quarter === 0 ? 'not judged' : `${growthMb.toFixed(1)} MB in half the time`;
    if (growthMb > allowedGrowthMb) faults.push(`${way.place}: memory grew by ${growthMb.toFixed(1)} MB`);
    const deadlineMs = performance.now() + settleMs;
    while (descriptors(pid) > fdsBefore + pooled && performance.now() < deadlineMs) await delay(100);
    const more = descriptors(pid) - fdsBefore - pooled;
    if (more > 0) faults.push(`${way.place}: ${more} file descriptors left over`);
    console.log(`end  ${way.place}: memory ${growth}, ${Math.max(0, more)} descriptors left over`);
  }
  return faults;
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

process.exitCode = await main(process.argv.slice(2));
