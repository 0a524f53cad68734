/**
 * The program that a worker runs: it carries requests for the sidecar that started it, and ends with it. It has no other
 * use, and says so when it is started by hand.
 */
import { boundHeap } from '../bound-heap.ts';

if (process.send === undefined) {
  process.stderr.write('a worker is started by its sidecar: heddle proxy --concurrency 2\n');
  process.exitCode = 2;
} else {
  // The main process decides when to stop. A terminal and systemd send these signals to every process of a group.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  // The kernel closes the channel when the main process has ended, however that came.
  process.on('disconnect', () => process.exit());
  boundHeap(); // before anything of size is loaded
  const { WorkerSession } = await import('./worker-session.ts');
  const session = new WorkerSession({
    send: (message) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
    end: () => process.disconnect(),
  });
  process.on('message', (message, handle) => session.receive(message, handle));
}
