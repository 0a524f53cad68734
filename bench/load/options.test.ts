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

  it('makes as many rounds as pairs are wanted', () => {
    expect(readOptions([]).pairs).toBeNull();
    expect(readOptions(['--quick', '--pairs', '12'])).toMatchObject({
      pairs: 12,
      effort: { rounds: 12, roundMs: 1000 },
    });
  });

  it('starts everything once unless told otherwise', () => {
    expect(readOptions([]).processes).toBe(1);
    expect(readOptions(['--processes', '5']).processes).toBe(5);
  });

  it('reads what a variant is made of', () => {
    const line = [
      '--variant',
      'old=/srv/heddle',
      '--variant',
      'socket=.,--jitless,HEDDLE_TRANSPORT=socket,HEDDLE_X=a=b',
    ];
    expect(readOptions(line).variants).toEqual([
      { name: 'old', folder: '/srv/heddle', flags: [], environment: {} },
      {
        name: 'socket',
        folder: '.',
        flags: ['--jitless'],
        environment: { HEDDLE_TRANSPORT: 'socket', HEDDLE_X: 'a=b' },
      },
    ]);
  });

  it.each([
    [['--pairs', '2'], '--pairs takes a number from 3 to 1000, and not 2'],
    [['--pairs', 'nine'], 'and not nine'],
    [['--processes', '0'], '--processes takes a number from 1 to 100, and not 0'],
    [['--processes', '2.5'], 'and not 2.5'],
    [['--variant', 'old'], '--variant takes NAME=FOLDER, and not old'],
    [['--variant', 'old=.,X=1'], '--variant old: X is neither a flag nor HEDDLE_X=Y'],
    [['--variant', 'old=.,HEDDLE_X'], 'HEDDLE_X is neither'],
  ])('refuses %s and says why', (line, reason) => {
    expect(() => readOptions(line)).toThrow(reason);
  });

  it.each([['--fast'], ['heddle'], ['--only']])('refuses %s', (argument) => {
    expect(() => readOptions([argument])).toThrow(TypeError);
  });
});
