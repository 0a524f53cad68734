import { assertRefusesStrangers, untilAnswers, untilAnswersCall, untilAnswersHttp2 } from './answer.ts';
import type { Measurement } from './figures.ts';
import { measurementOf } from './figures.ts';
import { median } from './median.ts';
import type { Peer, RunningPeer } from './peer.ts';
import { directName } from './peers/direct.ts';
import { cpuSeconds, residentMb } from './process-cost.ts';
import { findProgram } from './program.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';
import type { Upstream } from './upstream.ts';
import { grpcFrame, upstreamBody } from './upstream.ts';

/** How long a run takes with one start of its processes. Everything but `rounds` in milliseconds. */
export interface Effort {
  readonly rounds: number;
  readonly roundMs: number;
  /** Once before the first round, for proxies that become faster by running. */
  readonly warmUpMs: number;
  /** Before each measured run, so that connections between the hops, closed while others had their turn, are open. */
  readonly settleMs: number;
}

export interface Outcome {
  readonly scenario: string;
  readonly proxy: string;
  readonly remark: string | null;
  /** Medians over the rounds, each figure by itself. Null: not measured, and `reason` says why. */
  readonly measurement: Measurement | null;
  /** For each start of the processes one for each round, in their order. */
  readonly starts: readonly (readonly Measurement[])[];
  readonly reason: string | null;
  /** It should have worked on this machine and did not: not merely a program that is not installed. */
  readonly isFault: boolean;
}

interface Contender {
  readonly peer: Peer;
  readonly stage: Stage;
  readonly running: RunningPeer;
  readonly rounds: Measurement[];
}

/**
 * Measures every peer of a scenario. All run at the same time, idle but for the one whose turn it is, and take turns
 * round by round, so that whatever else the machine does meets all of them; every other round in the opposite order.
 *
 * A peer that is missing, does not start, answers wrongly or fails a single request has no figures; the others go on.
 */
export async function measureScenario(
  stage: Stage,
  scenario: Scenario,
  upstream: Upstream,
  effort: Effort,
  say: (line: string) => void,
): Promise<Outcome[]> {
  const outcomes = new Map<Peer, Outcome>();
  const settle = (
    peer: Peer,
    figures: Pick<Outcome, 'measurement' | 'starts'>,
    reason: string | null,
    isFault: boolean,
  ) =>
    outcomes.set(peer, { scenario: scenario.name, proxy: peer.name, remark: peer.remark, ...figures, reason, isFault });
  const none = { measurement: null, starts: [] };

  let contenders: Contender[] = [];
  const programs = [...scenario.load.programs, ...(scenario.warmUp?.programs ?? [])];
  const absent = programs.find((program) => findProgram(program) === null);
  for (const peer of scenario.peers) {
    const reason = absent === undefined ? peer.missing() : `${absent} is not installed`;
    if (reason !== null) {
      settle(peer, none, reason, false);
      continue;
    }
    say(`${scenario.name}: starting ${peer.name} …`);
    const part = stage.part(`${scenario.name}-${peer.name}`);
    try {
      const running = await enter(peer, part, scenario, upstream, effort);
      contenders.push({ peer, stage: part, running, rounds: [] });
    } catch (error) {
      settle(peer, none, messageOf(error), true);
      await part.close();
    }
  }

  for (let round = 1; round <= effort.rounds; round += 1) {
    say(`${scenario.name}: round ${round} of ${effort.rounds} …`);
    for (const contender of round % 2 === 1 ? contenders : contenders.toReversed()) {
      try {
        contender.rounds.push(await takeTurn(contender, scenario, effort));
      } catch (error) {
        settle(contender.peer, none, messageOf(error), true);
        await contender.stage.close();
      }
    }
    contenders = contenders.filter(({ peer }) => !outcomes.has(peer));
  }

  const base = contenders.find(({ peer }) => peer.name === directName)?.rounds ?? [];
  for (const { peer, rounds, stage: part } of contenders) {
    const figures = rounds.map((measured, round) => withAdded(measured, base[round]));
    settle(peer, { measurement: medians(figures), starts: [figures] }, null, false);
    await part.close();
  }
  return scenario.peers.map((peer) => outcomes.get(peer) as Outcome); // every peer has been settled above
}

/** Starts a peer and makes sure that it does what it is to be measured at. */
async function enter(
  peer: Peer,
  stage: Stage,
  scenario: Scenario,
  upstream: Upstream,
  effort: Effort,
): Promise<RunningPeer> {
  const running = await peer.start(stage, upstream);
  const { port, clientTls, meshPort } = running;
  // Where the load itself speaks TLS, its first run shows whether the answers are right; the stranger is told nothing.
  if (clientTls === null && scenario.callPath !== null) {
    await untilAnswersCall(port, scenario.callPath, grpcFrame, stage);
  } else if (clientTls === null) {
    await (scenario.protocol === 'http2' ? untilAnswersHttp2 : untilAnswers)(port, '/', upstreamBody, stage);
  }
  if (meshPort !== null) await assertRefusesStrangers(meshPort, upstreamBody);
  const warmUp = scenario.warmUp ?? scenario.load;
  if (peer.warmsUp) await warmUp.run(stage, running, effort.warmUpMs);
  return running;
}

async function takeTurn({ stage, running }: Contender, scenario: Scenario, effort: Effort): Promise<Measurement> {
  const { hops } = running;
  if (scenario.settles) await scenario.load.run(stage, running, effort.settleMs);
  const before = hops.map(cpuSeconds);
  const report = await scenario.load.run(stage, running, effort.roundMs);
  const usedSeconds = mean(hops.map((pid, hop) => cpuSeconds(pid) - (before[hop] ?? Number.NaN)));
  const rssMb = hops.length === 0 ? Number.NaN : Math.max(...hops.map(residentMb));
  const { requests, requestsPerSecond, bodyBytes, p50Ms, p90Ms, p99Ms, kbPerConnection } = report;
  return {
    cpuUsPerRequest: (usedSeconds * 1e6) / requests,
    cpuMsPerGb: (usedSeconds * 1e3) / (bodyBytes / 1e9),
    kbPerConnection,
    addedP50Ms: Number.NaN,
    addedP90Ms: Number.NaN,
    addedP99Ms: Number.NaN,
    requestsPerSecond,
    p50Ms,
    p90Ms,
    p99Ms,
    rssMb,
  };
}

/** With what the percentiles are more than those of the run without a proxy; NaN where there was none. */
export function withAdded(measured: Measurement, direct: Measurement | undefined): Measurement {
  return {
    ...measured,
    addedP50Ms: measured.p50Ms - (direct?.p50Ms ?? Number.NaN),
    addedP90Ms: measured.p90Ms - (direct?.p90Ms ?? Number.NaN),
    addedP99Ms: measured.p99Ms - (direct?.p99Ms ?? Number.NaN),
  };
}

export function medians(rounds: readonly Measurement[]): Measurement {
  return measurementOf((figure) => median(rounds.map((round) => round[figure])));
}

/** NaN of nothing. */
function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
