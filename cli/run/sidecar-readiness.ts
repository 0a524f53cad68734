import { CliError, exitCodes } from '../cli-error.ts';

/** What of `RunningProxy` tells whether it can be used. */
export interface Readiness {
  readonly ready: Promise<void>;
  readonly notReadyReason: string | null;
  /** It was told no, and goes on asking; only a change at the control plane, or another token, can help. */
  readonly isRefused: boolean;
}

/** Someone who waits longer than this wants to know for what. */
const silenceMs = 2_000;

/**
 * Fulfils when the sidecar is ready. Meanwhile it says what it waits for, each reason once.
 *
 * @throws CliError with exit code 4 and the last reason after `timeoutMs`; 0 waits for ever. At once, with exit code 2,
 *   when it is refused: tokens are read at the start, so waiting brings no other
 */
export async function sidecarReadiness(
  sidecar: Readiness,
  timeoutMs: number,
  say: (line: string) => void,
): Promise<void> {
  const startedAtMs = Date.now();
  let lastSaid: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setInterval(() => {
      const reason = sidecar.notReadyReason;
      if (sidecar.isRefused) {
        const hint = 'heddle control-plane   first, on this host; on another one, --join-token FILE from heddle token';
        reject(new CliError(`no way into the mesh: ${reason}`, hint, exitCodes.usage));
      } else if (timeoutMs > 0 && Date.now() - startedAtMs >= timeoutMs) {
        const message = `the sidecar is not ready after ${timeoutMs / 1000} s: ${reason ?? 'it was a moment ago'}`;
        reject(new CliError(message, 'heddle proxies   and the log of the control plane', exitCodes.timedOut));
      } else if (reason !== null && reason !== lastSaid && Date.now() - startedAtMs >= silenceMs) {
        lastSaid = reason;
        say(`waiting: ${reason}`);
      }
    }, 100);
  });
  try {
    await Promise.race([sidecar.ready, late]);
  } finally {
    clearInterval(timer);
  }
}
