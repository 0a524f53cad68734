import type { Applied } from './apply-documents.ts';
import type { Convergence } from './convergence-receipt.ts';
import { convergenceReceipt } from './convergence-receipt.ts';

/**
 * Waits, `waitMs` for all together, until what was applied is in force, and says how far it came.
 *
 * Every revision is asked for: sidecars that one of them concerns need not be concerned by a later one. A document that
 * was there already is asked for as well, because an earlier change may be on its way still.
 *
 * @throws CliError as {@link convergenceReceipt} does
 */
export async function waitInForce(
  applied: readonly Applied[],
  waitMs: number,
  convergence: (revision: string, waitMs: number) => Promise<Convergence>,
): Promise<string> {
  const deadline = performance.now() + waitMs;
  let widest: Convergence | null = null;
  let slowestMs = 0;
  for (const revision of new Set(applied.flatMap((one) => one.revision ?? []))) {
    const found = await convergence(revision, Math.max(0, Math.ceil(deadline - performance.now())));
    convergenceReceipt(found, waitMs); // throws where it is not in force
    slowestMs = Math.max(slowestMs, found.slowestMs);
    if (widest === null || found.affected > widest.affected) widest = found;
  }
  const changed = applied.some(({ outcome }) => outcome !== 'unchanged');
  const receipt = widest === null ? 'in force' : convergenceReceipt({ ...widest, slowestMs }, waitMs);
  return changed ? receipt : `nothing has changed; ${receipt}`;
}
