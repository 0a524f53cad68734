import { connect } from 'node:net';

/** First and longest wait between two looks at a port, in milliseconds. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;
/** A connection to loopback that takes longer than this is not being accepted. */
const CONNECT_TIMEOUT_MS = 1000;

/**
 * Waits until something accepts connections on every one of these loopback ports, looking again with growing waits.
 *
 * Until then the workload is registered without its ports, so that no caller is sent to an application that is still
 * starting. Resolves to false when the signal ends the wait.
 */
export async function applicationListens(ports: readonly number[], signal: AbortSignal): Promise<boolean> {
  for (const port of ports) {
    let waitMs = FIRST_WAIT_MS;
    while (!(await accepts(port))) {
      await pause(waitMs, signal);
      if (signal.aborted) return false;
      waitMs = Math.min(waitMs * 1.5, LONGEST_WAIT_MS);
    }
  }
  return !signal.aborted;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (isAccepted: boolean): void => {
      socket.destroy();
      resolve(isAccepted);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => finish(false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

function pause(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, waitMs).unref();
    signal.addEventListener('abort', finish);
  });
}
