import { describe, expect, it } from 'vitest';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import type { Applied } from './apply-documents.ts';
import type { Convergence } from './convergence-receipt.ts';
import { waitInForce } from './wait-in-force.ts';

const document = {} as ModelDocument;
const inForce: Convergence = { translated: true, affected: 2, inForce: 2, pending: [], rejected: [], slowestMs: 9 };
const behind = { ...inForce, inForce: 1, pending: ['default/web-1'] };

function wait(applied: readonly Omit<Applied, 'document'>[], found: Readonly<Record<string, Convergence>>) {
  const all = applied.map((one) => ({ ...one, document }));
  return waitInForce(all, 1000, async (revision) => found[revision] ?? inForce);
}

describe('waitInForce', () => {
  it('says how many sidecars have it, and how long the slowest took', async () => {
    const applied = [
      { outcome: 'created', revision: '4' },
      { outcome: 'replaced', revision: '5' },
    ] as const;
    const found = { 4: { ...inForce, affected: 3, inForce: 3 }, 5: { ...inForce, slowestMs: 40 } };
    expect(await wait(applied, found)).toBe('3/3 sidecars in force, slowest 40 ms');
  });

  it('waits for each revision, not only for the last', async () => {
    const applied = [
      { outcome: 'created', revision: '4' },
      { outcome: 'created', revision: '5' },
    ] as const;
    await expect(wait(applied, { 4: behind })).rejects.toMatchObject({ exitCode: 4 });
  });

  it('believes of nothing that it is in force because it was there already', async () => {
    const applied = [{ outcome: 'unchanged', revision: '4' }] as const;
    await expect(wait(applied, { 4: behind })).rejects.toMatchObject({ exitCode: 4 });
    expect(await wait(applied, {})).toBe('nothing has changed; 2/2 sidecars in force, slowest 9.0 ms');
  });
});
