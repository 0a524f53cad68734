import { parseArgs } from 'node:util';

export const usage = `Usage: npx tsx bench/stress/main.ts [--minutes N] [--clients N] [--pause-ms N] [--broken SHARE]

Breaks connections off at random points, through one sidecar and through two, and compares every byte, memory and file
descriptors. Ends with exit code 1 when there was a fault.

  --minutes N        how long; memory is judged from half a minute on (default: 60)
  --clients N        at once, through each of the two ways (default: 8)
  --pause-ms N       after each exchange of a client (default: 20)
  --broken SHARE     of the exchanges that are broken off, 0 to 1 (default: 0.3)
`;

export interface Options {
  readonly minutes: number;
  readonly clients: number;
  readonly pauseMs: number;
  readonly broken: number;
  readonly wantsHelp: boolean;
}

/** @throws TypeError naming an option that does not exist, or what is wrong with the value of one */
export function readOptions(line: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...line],
    options: {
      minutes: { type: 'string', default: '60' },
      clients: { type: 'string', default: '8' },
      'pause-ms': { type: 'string', default: '20' },
      broken: { type: 'string', default: '0.3' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return {
    minutes: numberOf('minutes', values.minutes, 0, 10_000),
    clients: Math.floor(numberOf('clients', values.clients, 1, 1000)),
    pauseMs: numberOf('pause-ms', values['pause-ms'], 0, 60_000),
    broken: numberOf('broken', values.broken, 0, 1),
    wantsHelp: values.help,
  };
}

function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new TypeError(`--${name} takes a number from ${least} to ${most}, and not ${text === '' ? 'nothing' : text}`);
}
