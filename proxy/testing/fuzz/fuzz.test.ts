import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { findTargets } from './find-targets.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { fuzz } from './fuzzer.ts';

describe('fuzz', () => {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

  it('finds a planted fault and makes its input as short as can be', () => {
    const target: FuzzTarget = {
      name: 'planted',
      seeds: ['a: 1\r\nb: 2\r\n'],
      tokens: ['evil'],
      run: (bytes) => {
        if (/evil.*\0/s.test(text(bytes))) throw new Error('planted');
      },
    };
    const { failure } = fuzz(target, 1, (executions) => executions < 200_000);
    expect(failure?.error).toEqual(new Error('planted'));
    expect(text(failure?.input ?? new Uint8Array())).toBe('evil\0');
  });

  it('makes the same inputs from the same seed, and others from another', () => {
    const inputsOf = (seed: number) => {
      const inputs: string[] = [];
      const run = (bytes: Uint8Array) => String(inputs.push(text(bytes)) % 7);
      fuzz({ name: 'recorder', seeds: ['abc\r\n123'], tokens: ['x'], run }, seed, (executions) => executions < 300);
      return inputs;
    };
    expect(inputsOf(1)).toEqual(inputsOf(1));
    expect(inputsOf(1)).not.toEqual(inputsOf(2));
  });

  it('keeps inputs with a new outcome, and so gets where chance alone would not', () => {
    const secret = 'ABCDE';
    const run = (bytes: Uint8Array) => {
      let known = 0;
      while (known < secret.length && bytes[known] === secret.charCodeAt(known)) known++;
      if (known === secret.length) throw new Error('reached');
      return String(known);
    };
    const report = fuzz({ name: 'steps', seeds: ['-----'], tokens: [...secret], run }, 1, (count) => count < 100_000);
    expect(report.failure?.error).toEqual(new Error('reached'));
    expect(report.outcomes).toBe(secret.length);
  });
});

describe.each(await findTargets())('the fuzz target $name', (target) => {
  it('holds for some hundred inputs', () => {
    const { failure, outcomes } = fuzz(target, 1, (executions) => executions < 600);
    const input = failure === null ? '' : JSON.stringify(text(failure.input));
    expect(failure?.error, `input ${input}`).toBeUndefined();
    expect(outcomes).toBeGreaterThan(1);
  });

  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
});
