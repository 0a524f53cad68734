import { describe, expect, it } from 'vitest';
import { convergenceReceipt } from './convergence-receipt.ts';

const all = { translated: true, affected: 8, inForce: 8, pending: [], rejected: [], slowestMs: 12.3 };

describe('convergenceReceipt', () => {
  it.each([
    [12.3, '8/8 sidecars in force, slowest 12 ms'],
    [1.26, '8/8 sidecars in force, slowest 1.3 ms'],
    [1500, '8/8 sidecars in force, slowest 1.5 s'],
  ])('says how many and how fast (%s ms)', (slowestMs, line) => {
    expect(convergenceReceipt({ ...all, slowestMs }, 20)).toBe(line);
  });

  it('says so when nobody is concerned', () => {
    expect(convergenceReceipt({ ...all, affected: 0, inForce: 0 }, 20)).toContain('no connected sidecar');
  });

  it('names those it waited for in vain, exit code 4', () => {
    const pending = Array.from({ length: 7 }, (_, index) => `default/web-${index}`);
    const late = () => convergenceReceipt({ ...all, inForce: 1, pending }, 30_000);
    expect(late).toThrow('1/8 sidecars in force after 30.0s; waiting for default/web-0,');
    expect(late).toThrow('and 2 more');
    expect(late).toThrow(expect.objectContaining({ exitCode: 4 }));
  });

  it('does not call in force what has not been looked at yet, exit code 4', () => {
    const untouched = () => convergenceReceipt({ ...all, translated: false, affected: 0, inForce: 0 }, 20);
    expect(untouched).toThrow('not in force after 20ms: the control plane is still working on it');
    expect(untouched).toThrow(expect.objectContaining({ exitCode: 4 }));
  });

  it('gives the reason of a sidecar that rejected it, exit code 1', () => {
    const refused = () =>
      convergenceReceipt({ ...all, inForce: 7, rejected: [{ proxy: 'default/old-1', reason: 'no such field' }] }, 20);
    expect(refused).toThrow('7/8 sidecars in force; rejected by default/old-1: no such field');
    expect(refused).toThrow(expect.objectContaining({ exitCode: 1 }));
  });
});
