import { describe, expect, it } from 'vitest';
import { readOptions, usage } from './options.ts';

describe('the options of the stress run', () => {
  it('have defaults', () => {
    expect(readOptions([])).toEqual({ minutes: 60, clients: 8, pauseMs: 20, broken: 0.3, wantsHelp: false });
  });

  it('are read', () => {
    const line = ['--minutes', '0.5', '--clients=2', '--pause-ms', '0', '--broken', '1', '--help'];
    expect(readOptions(line)).toEqual({ minutes: 0.5, clients: 2, pauseMs: 0, broken: 1, wantsHelp: true });
  });

  it.each([
    [['--minuts', '1'], /--minuts/],
    [['--minutes', 'one'], '--minutes takes a number from 0 to 10000, and not one'],
    [['--clients', '0'], '--clients takes a number from 1 to 1000, and not 0'],
    [['--broken', '2'], '--broken takes a number from 0 to 1, and not 2'],
    [['--broken='], '--broken takes a number from 0 to 1, and not nothing'],
  ])('refuse %j by name', (line, message) => {
    expect(() => readOptions(line)).toThrow(message);
  });

  it('all stand in the help', () => {
    for (const name of ['minutes', 'clients', 'pause-ms', 'broken']) expect(usage).toContain(`\n  --${name} `);
  });
});
