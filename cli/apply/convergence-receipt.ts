import { CliError, exitCodes } from '../cli-error.ts';
import { latency } from '../terminal/units.ts';

/** How far a revision has come; `GET /heddle/v1/convergence`. */
export interface Convergence {
  /** Whether what the sidecars are sent is made from this revision yet. */
  readonly translated: boolean;
  /** Sidecars that hold something which the revision changed. */
  readonly affected: number;
  readonly inForce: number;
  readonly pending: readonly string[];
  readonly rejected: readonly { readonly proxy: string; readonly reason: string }[];
  readonly slowestMs: number;
}

const shownNames = 5;

/**
 * What `apply --wait` says in the end: `8/8 sidecars in force, slowest 12 ms`.
 *
 * @throws CliError when a sidecar has rejected it (exit code 1), or some were not there in time (exit code 4)
 */
export function convergenceReceipt(convergence: Convergence, waitedMs: number): string {
  const { translated, affected, inForce, pending, rejected, slowestMs } = convergence;
  const share = `${inForce}/${affected} sidecars in force`;
  if (rejected.length > 0) {
    const reasons = rejected.slice(0, shownNames).map(({ proxy, reason }) => `${proxy}: ${reason}`);
    throw new CliError(`${share}; rejected by ${listed(reasons, rejected.length)}`, 'heddle proxies -o wide');
  }
  if (pending.length > 0 || inForce < affected) {
    const names = listed(pending.slice(0, shownNames), pending.length);
    throw new CliError(
      `${share} after ${latency(waitedMs)}; waiting for ${names}`,
      'heddle proxies',
      exitCodes.timedOut,
    );
  }
  if (!translated) {
    const message = `not in force after ${latency(waitedMs)}: the control plane is still working on it`;
    throw new CliError(message, 'heddle proxies', exitCodes.timedOut);
  }
  if (affected === 0) return 'in force: no connected sidecar waits for it';
  return `${share}, slowest ${latency(slowestMs).replace(/(?=m?s$)/, ' ')}`;
}

function listed(shown: readonly string[], total: number): string {
  const rest = total - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
