import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';

describe('readOptions', () => {
  it('measures everything thoroughly unless told otherwise', () => {
    expect(readOptions([])).toMatchObject({ effort: { rounds: 5, roundMs: 3000 }, only: [], wantsHelp: false });
  });

  it('takes --quick, and --only more than once', () => {
    const { effort, only } = readOptions(['--quick', '--only', 'heddle', '--only=http1-mtls']);
    expect(effort.rounds * effort.roundMs).toBeLessThan(5_000);
    expect(only).toEqual(['heddle', 'http1-mtls']);
  });

  it.each([['--fast'], ['heddle'], ['--only']])('refuses %s', (argument) => {
    expect(() => readOptions([argument])).toThrow(TypeError);
  });
});
