import { assertRefusesStrangers, untilAnswers } from './answer.ts';
import { median } from './median.ts';
import type { Peer, RunningPeer } from './peer.ts';
import { cpuSeconds, residentMb } from './process-cost.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';
import { upstreamBody } from './upstream.ts';
import { runWrk } from './wrk.ts';

/** How long a run takes. Everything but `rounds` in milliseconds. */
export interface Effort {
  readonly rounds: number;
  readonly roundMs: number;
  /** Once before the first round, for proxies that become faster by running. */
  readonly warmUpMs: number;
  /** Before each measured run, so that connections between the hops, closed while others had their turn, are open. */
  readonly settleMs: number;
}

/** Medians over the rounds, each figure by itself. */
export interface Measurement {
  /** CPU time of the proxy, user and system, all threads; with two hops the mean of both. NaN without a proxy. */
  readonly cpuUsPerRequest: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Resident memory the moment the load ends, in 10⁶ bytes; with two hops that of the larger. NaN without a proxy. */
  readonly rssMb: number;
}

export interface Outcome {
  readonly scenario: string;
  readonly proxy: string;
  /** Null: not measured, and `reason` says why. */
  readonly measurement: Measurement | null;
  readonly reason: string | null;
  /** It should have worked on this machine and did not: not merely a program that is not installed. */
  readonly isFault: boolean;
}

interface Contender {
  readonly peer: Peer;
  readonly stage: Stage;
  readonly running: RunningPeer;
  readonly samples: Measurement[];
}

/**
 * Measures every peer of a scenario. All run at the same time, idle but for the one whose turn it is, and take turns
 * round by round, so that whatever else the machine does meets all of them.
 *
 * A peer that is missing, does not start, answers wrongly or fails a single request has no figures; the others go on.
 */
export async function measureScenario(
  stage: Stage,
  scenario: Scenario,
  upstreamPort: number,
  effort: Effort,
  say: (line: string) => void,
): Promise<Outcome[]> {
  const outcomes = new Map<Peer, Outcome>();
  const settle = (peer: Peer, measurement: Measurement | null, reason: string | null, isFault: boolean) =>
    outcomes.set(peer, { scenario: scenario.name, proxy: peer.name, measurement, reason, isFault });

  let contenders: Contender[] = [];
  for (const peer of scenario.peers) {
    const reason = peer.missing();
    if (reason !== null) {
      settle(peer, null, reason, false);
      continue;
    }
    say(`${scenario.name}: starting ${peer.name} …`);
    const part = stage.part(`${scenario.name}-${peer.name}`);
    try {
      contenders.push({ peer, stage: part, running: await enter(peer, part, upstreamPort, effort), samples: [] });
    } catch (error) {
      settle(peer, null, messageOf(error), true);
      await part.close();
    }
  }

  for (let round = 1; round <= effort.rounds; round += 1) {
    say(`${scenario.name}: round ${round} of ${effort.rounds} …`);
    for (const contender of contenders) {
      try {
        contender.samples.push(await takeTurn(contender, effort));
      } catch (error) {
        settle(contender.peer, null, messageOf(error), true);
        await contender.stage.close();
      }
    }
    contenders = contenders.filter(({ peer }) => !outcomes.has(peer));
  }

  for (const { peer, samples, stage: part } of contenders) {
    settle(peer, medians(samples), null, false);
    await part.close();
  }
  return scenario.peers.map((peer) => outcomes.get(peer) as Outcome); // every peer has been settled above
}

/** Starts a peer and makes sure that it does what it is to be measured at. */
async function enter(peer: Peer, stage: Stage, upstreamPort: number, effort: Effort): Promise<RunningPeer> {
  const running = await peer.start(stage, upstreamPort);
  await untilAnswers(running.port, '/', upstreamBody, stage);
  if (running.meshPort !== null) await assertRefusesStrangers(running.meshPort, upstreamBody);
  if (peer.warmsUp) await runWrk(stage, running.port, effort.warmUpMs);
  return running;
}

async function takeTurn({ stage, running }: Contender, effort: Effort): Promise<Measurement> {
  await runWrk(stage, running.port, effort.settleMs);
  const before = running.hops.map(cpuSeconds);
  const report = await runWrk(stage, running.port, effort.roundMs);
  const usedSeconds = running.hops.map((pid, hop) => cpuSeconds(pid) - (before[hop] ?? Number.NaN));
  if (report.badAnswers > 0 || report.socketErrors > 0) {
    throw new Error(
      `${report.badAnswers} answers were errors and ${report.socketErrors} connections failed, of ${report.requests} requests`,
    );
  }
  const { requestsPerSecond, p50Ms, p99Ms } = report;
  return {
    cpuUsPerRequest: (mean(usedSeconds) * 1e6) / report.requests,
    requestsPerSecond,
    p50Ms,
    p99Ms,
    rssMb: running.hops.length === 0 ? Number.NaN : Math.max(...running.hops.map(residentMb)),
  };
}

export function medians(samples: readonly Measurement[]): Measurement {
  const of = (figure: keyof Measurement) => median(samples.map((sample) => sample[figure]));
  return {
    cpuUsPerRequest: of('cpuUsPerRequest'),
    requestsPerSecond: of('requestsPerSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    rssMb: of('rssMb'),
  };
}

/** NaN of nothing. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
