/**
 * `npm run bench`: what a sidecar costs beside other proxies, on one machine and in one run.
 *
 * CPU time per request is the figure to trust; requests/s and latency depend on what else the machine does. Compare
 * within a run only. Exits with 1 when a proxy could not do what it should, and with 2 when it cannot run at all.
 */
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { styleFor } from '../../cli/terminal/style.ts';
import { divideCores } from './cores.ts';
import { describeMachine, findCommit, findVersions } from './machine.ts';
import { formatMarkdown } from './markdown.ts';
import type { Outcome } from './measure.ts';
import { measureStarts } from './measure-starts.ts';
import type { Options } from './options.ts';
import { readOptions, usage } from './options.ts';
import { installEnvoy } from './peers/envoy-binary.ts';
import { findProgram } from './program.ts';
import { ratioOf } from './ratios.ts';
import { formatCircumstances, formatPairs, formatScenario } from './report.ts';
import type { Circumstances } from './result-file.ts';
import { collectResults, writeResults } from './result-file.ts';
import type { Scenario } from './scenario.ts';
import { scenarios, usualScenarios } from './scenarios.ts';
import { selectScenarios } from './select-scenarios.ts';
import { Stage } from './stage.ts';
import { upstreamBody } from './upstream.ts';
import { withVariants } from './variants.ts';

async function main(line: readonly string[]): Promise<number> {
  let options: Options;
  let selected: Scenario[];
  try {
    options = readOptions(line);
    const offered = withVariants(scenarios, options.variants);
    const names = new Set(offered.map(({ name }) => name));
    const isWhole = options.all || options.only.some((name) => names.has(name));
    const asked = options.only.length === 0 ? offered.filter(({ isOnRequest }) => !isOnRequest) : offered;
    selected = selectScenarios(asked, isWhole ? options.only : [...options.only, ...usualScenarios]);
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : error}\nTry: npm run bench -- --help`);
    return 2;
  }
  if (options.wantsHelp) {
    process.stdout.write(usage);
    return 0;
  }
  if (options.wantsList) {
    for (const { name, summary, peers } of scenarios)
      console.log(`${name}   ${summary}\n  ${peers.map((peer) => peer.name).join(', ')}`);
    return 0;
  }
  if (options.installsEnvoy) {
    try {
      await installEnvoy();
    } catch (error) {
      console.error(`bench: ${error instanceof Error ? error.message : error}`);
      return 2;
    }
  }
  const absent = ['wrk', 'nginx'].filter((program) => findProgram(program) === null);
  if (absent.length > 0) {
    console.error(`bench: not installed: ${absent.join(', ')}\nTry: apt-get install wrk nginx haproxy`);
    return 2;
  }

  const root = repositoryRoot();
  const cores = divideCores();
  const circumstances: Circumstances = {
    measuredAt: new Date().toISOString(),
    commit: await findCommit(root),
    machine: describeMachine(),
    versions: await findVersions(),
    method: {
      ...options.effort,
      processes: options.processes,
      connections: 64,
      bodyBytes: upstreamBody.length,
      isPinned: cores !== null,
    },
  };

  const stage = new Stage(cores);
  // However this process ends, nothing of it is left: signals end it by `exit`, and `exit` clears the stage.
  process.once('exit', () => stage.clear());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }

  const style = styleFor(process.stdout);
  const outcomes: Outcome[] = [];
  for (const scenario of selected) {
    const found = await measureStarts(stage, scenario, options, (text) => console.error(text));
    outcomes.push(...found);
    console.log(formatScenario(scenario, found, style) + (options.pairs === null ? '' : formatPairs(scenario, found)));
  }
  await stage.close();

  const file = join(root, 'bench', 'results', 'latest.json');
  const ratios = selected.map((scenario) => {
    return ratioOf(
      scenario,
      outcomes.filter((outcome) => outcome.scenario === scenario.name),
    );
  });
  writeResults(file, collectResults(circumstances, outcomes, ratios));
  const summary = options.all ? formatMarkdown(circumstances, selected, outcomes) : formatCircumstances(circumstances);
  console.log(`${summary}Written to ${file}`);
  return outcomes.some(({ isFault }) => isFault) ? 1 : 0;
}

/** Built or not, this file lies somewhere below the folder with package.json. */
function repositoryRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

process.exitCode = await main(process.argv.slice(2));
