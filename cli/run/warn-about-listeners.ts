import type { OpenListener } from './open-listeners.ts';

/** Most programs listen within seconds; a few open further ports much later. */
const looksMs = [1_000, 3_000, 10_000, 30_000, 60_000];

export interface ListenerWatch {
  /** Reads what is open now. */
  look(): Promise<readonly OpenListener[]>;
  warn(line: string): void;
}

/**
 * Warns once about each socket on which the program can be reached from other hosts: whoever dials that speaks to it
 * without mTLS, past its sidecar. Looks a few times at first and then every minute. Returns what ends it.
 */
export function warnAboutListeners({ look, warn }: ListenerWatch): () => void {
  const known = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const lookAfter = (turn: number) => {
    timer = setTimeout(
      async () => {
        for (const { address, port } of await look()) {
          const name = `${address}:${port}`;
          if (isOver || known.has(name)) continue;
          known.add(name);
          warn(
            `the program listens on ${name}, where other hosts reach it without mTLS. Try: let it listen on 127.0.0.1`,
          );
        }
        if (!isOver) lookAfter(turn + 1);
      },
      looksMs[Math.min(turn, looksMs.length - 1)],
    ).unref();
  };
  lookAfter(0);
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
