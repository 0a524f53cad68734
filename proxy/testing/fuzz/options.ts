import { parseArgs } from 'node:util';

export const usage = `Usage: npm run fuzz -- [--seconds N] [--seed N] [--only NAME] [--input FILE]

Feeds every codec with mutated inputs, and looks for those that break what must hold for any bytes. A failing input is made
as short as can be, kept as fuzz-failure-NAME, and ends the run with exit code 1.

  --seconds N        for each target (default: 30)
  --seed N           other inputs (default: 1)
  --only NAME        one target; a name that does not exist prints those that do
  --input FILE       only this input, such as a kept one; usually with --only
`;

export interface Options {
  readonly seconds: number;
  readonly seed: number;
  /** Null: every target. */
  readonly only: string | null;
  /** Null: mutated inputs. */
  readonly input: string | null;
  readonly wantsHelp: boolean;
}

/** @throws TypeError naming an option that does not exist, or what is wrong with the value of one */
export function readOptions(line: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...line],
    options: {
      seconds: { type: 'string', default: '30' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      input: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    seconds: numberOf('seconds', values.seconds),
    seed: numberOf('seed', values.seed),
    only: values.only ?? null,
    input: values.input ?? null,
    wantsHelp: values.help,
  };
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new TypeError(`--${name} takes a number from 0 on, and not ${text === '' ? 'nothing' : text}`);
}
