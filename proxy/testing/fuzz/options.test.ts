import { describe, expect, it } from 'vitest';
import { readOptions, usage } from './options.ts';

describe('the options of npm run fuzz', () => {
  it('have defaults', () => {
    expect(readOptions([])).toEqual({ seconds: 30, seed: 1, only: null, input: null, wantsHelp: false });
  });

  it('are read', () => {
    const line = ['--seconds', '0.5', '--seed=7', '--only', 'hpack', '--input', 'a'];
    expect(readOptions(line)).toEqual({ seconds: 0.5, seed: 7, only: 'hpack', input: 'a', wantsHelp: false });
    expect(readOptions(['-h']).wantsHelp).toBe(true);
  });

  it.each([
    [['--secnds', '1'], /--secnds/],
    [['--seconds', 'ten'], '--seconds takes a number from 0 on, and not ten'],
    [['--seed='], '--seed takes a number from 0 on, and not nothing'],
    [['stray'], /stray/],
  ])('refuse %j by name', (line, message) => {
    expect(() => readOptions(line)).toThrow(message);
  });

  it('all stand in the help', () => {
    for (const name of ['seconds', 'seed', 'only', 'input']) expect(usage).toContain(`\n  --${name} `);
  });
});
