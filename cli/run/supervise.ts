import type { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import type { Application } from './application.ts';

/** What a supervised program needs of its sidecar; `RunningProxy` of `proxy/main.ts` is one. */
export interface Sidecar {
  /** Fulfils when it holds a certificate and the configuration it asked for; rejects when it never will. */
  readonly ready: Promise<void>;
  /** Rejects when it cannot go on: the program ends with it, since without it there is no mesh. Never fulfilled. */
  readonly failed?: Promise<never>;
  /** Takes the instance out of the endpoint lists; fulfils once that is acknowledged. Its listeners go on accepting. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface Supervised {
  readonly sidecar: Sidecar;
  /** Called once the sidecar is ready, never before. */
  startApplication(): Promise<Application>;
  /** Where signals arrive: `process`. */
  readonly signals: EventEmitter;
  /** Resolves when whoever started us is gone; counts as an immediate stop. */
  readonly orphaned?: Promise<void>;
  say(line: string): void;
}

/**
 * How long the first signal waits for the withdrawal to be acknowledged. Away from its control plane a sidecar cannot be
 * told, and its callers find out by refused connections, which they retry; the program must not wait for that.
 */
export const drainTimeoutMs = 5_000;
/** For the way out of a program that ended by itself: nothing is left that draining could protect. */
const farewellMs = 1_000;
/**
 * After a signal the sidecar closes: what it is still answering has its grace (5 s), and the last counts a second. With no
 * program beside it that is the only time that long calls and streams have.
 */
const closeTimeoutMs = 8_000;

const passedOn = ['SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;

/**
 * Runs a program beside its sidecar until both are gone, and resolves with the exit code to leave with.
 *
 * ```
 *  ready ──► program runs ──► it exits ───────────────────────────────► sidecar closes
 *                 │                                                          ▲
 *                 └─ SIGTERM, SIGINT ─► withdrawn ─► signal passed on ─► it exits
 *                                          └── a second one, at any time: everything at once ──►
 * ```
 *
 * Outbound traffic works until the program has exited: its last calls go through the mesh as its first ones did.
 * Signals that do not mean "stop" (a reload, a terminal's new size) are passed on as they are.
 *
 * @throws what `sidecar.ready` rejects with, and then the program is not started; and what `sidecar.failed` rejects with
 */
export async function supervise(supervised: Supervised): Promise<number> {
  const { sidecar, say } = supervised;
  const stop = listenForStop(supervised);
  let application: Application | null = null;
  let closeMs = farewellMs;
  const passOn = (name: NodeJS.Signals) => application?.signal(name);
  for (const name of passedOn) supervised.signals.on(name, passOn);
  try {
    const failed = sidecar.failed ?? new Promise<never>(() => {});
    const early = await Promise.race([sidecar.ready, stop.first, failed]);
    if (early) return 128 + constants.signals[early];

    application = await supervised.startApplication();
    const end = await Promise.race([application.exited, stop.first, failed]);
    if (typeof end === 'string') {
      closeMs = closeTimeoutMs;
      await stopInOrder(end, application, supervised, stop.now);
    }
    const exitCode = await application.exited;
    // What the program started and left behind would live on without a mesh: it ends with the program.
    application.signal('SIGTERM');
    if (typeof end === 'number') await within(farewellMs, sidecar.drain(), stop.now);
    return exitCode;
  } catch (error) {
    application?.signal('SIGKILL');
    throw error;
  } finally {
    for (const name of passedOn) supervised.signals.off(name, passOn);
    await within(closeMs, sidecar.close(), stop.now).catch((error: Error) => say(`closing: ${error.message}`));
    stop.forget();
  }
}

async function stopInOrder(
  name: NodeJS.Signals,
  application: Application,
  { sidecar, say }: Supervised,
  now: Promise<void>,
): Promise<void> {
  const gone = application.exited.then(() => {});
  const drained = await within(drainTimeoutMs, sidecar.drain(), now, gone).catch((error: Error) => {
    say(`draining: ${error.message}`);
    return true;
  });
  if (!drained) say(`no acknowledgement of the withdrawal within ${drainTimeoutMs / 1000} s; stopping all the same`);
  application.signal(name);
  const killed = now.then(() => application.signal('SIGKILL'));
  await Promise.race([gone, killed]);
}

/** Whether one of the promises settled before the time was up. */
async function within(milliseconds: number, ...promises: Promise<unknown>[]): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  try {
    return await Promise.race([...promises.map((promise) => promise.then(() => true)), late]);
  } finally {
    clearTimeout(timer);
  }
}

interface Stop {
  /** The first SIGTERM or SIGINT. */
  readonly first: Promise<NodeJS.Signals>;
  /** The second, of either kind, or the loss of our parent. */
  readonly now: Promise<void>;
  forget(): void;
}

function listenForStop({ signals, orphaned }: Supervised): Stop {
  let onFirst: (name: NodeJS.Signals) => void = () => {};
  let onNow: () => void = () => {};
  const first = new Promise<NodeJS.Signals>((resolve) => {
    onFirst = resolve;
  });
  const now = new Promise<void>((resolve) => {
    onNow = resolve;
  });
  let count = 0;
  const listener = (name: NodeJS.Signals) => {
    count += 1;
    if (count === 1) onFirst(name);
    else onNow();
  };
  signals.on('SIGTERM', listener);
  signals.on('SIGINT', listener);
  void orphaned?.then(() => {
    onFirst('SIGTERM');
    onNow();
  });
  const forget = () => {
    signals.off('SIGTERM', listener);
    signals.off('SIGINT', listener);
  };
  return { first, now, forget };
}
