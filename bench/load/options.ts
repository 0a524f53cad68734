import { parseArgs } from 'node:util';
import type { Effort } from './measure.ts';

export const usage = `Usage: npm run bench -- [--quick] [--only NAME …]

Measures the sidecar against other proxies on this machine, prints a table for each scenario and writes
bench/results/latest.json. Needs wrk and nginx; proxies that are not installed are left out.

  --quick       shorter rounds and fewer of them: under a minute, and less certain
  --only NAME   a scenario or a proxy, the rest is left out; may be given more than once
`;

const full: Effort = { rounds: 5, roundMs: 3_000, warmUpMs: 4_000, settleMs: 500 };
const quick: Effort = { rounds: 3, roundMs: 1_000, warmUpMs: 2_000, settleMs: 300 };

export interface Options {
  readonly effort: Effort;
  readonly only: readonly string[];
  readonly wantsHelp: boolean;
}

/** @throws TypeError naming an option that does not exist */
export function readOptions(line: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...line],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  return { effort: values.quick ? quick : full, only: values.only, wantsHelp: values.help };
}
