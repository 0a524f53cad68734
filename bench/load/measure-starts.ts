import type { Effort, Outcome } from './measure.ts';
import { measureScenario } from './measure.ts';
import { poolStarts } from './pool-starts.ts';
import type { Scenario } from './scenario.ts';
import type { Stage } from './stage.ts';
import { addressesOf, startUpstream } from './upstream.ts';

/** Measures a scenario with so many starts of all that is in it, the upstream too, each on a stage of its own. */
export async function measureStarts(
  stage: Stage,
  scenario: Scenario,
  { effort, processes }: { readonly effort: Effort; readonly processes: number },
  say: (line: string) => void,
): Promise<Outcome[]> {
  const runs: Outcome[][] = [];
  for (let start = 1; start <= processes; start += 1) {
    const part = stage.part(`${scenario.name}-${start}`, scenario.isPinned ? stage.cores : null);
    const upstream = await startUpstream(part, scenario.protocol, addressesOf(scenario.upstreamAddresses));
    const which = processes === 1 ? '' : `start ${start} of ${processes}, `;
    runs.push(await measureScenario(part, scenario, upstream, effort, (line) => say(which + line)));
    await part.close();
  }
  return poolStarts(runs);
}
