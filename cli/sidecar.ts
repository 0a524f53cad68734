/**
 * The commands that are a sidecar, as a program of their own: what the build makes one bundle of. It needs nothing but
 * its own folder, and is started by `heddle run` and `heddle proxy`, or by itself:
 * `node dist/sidecar/sidecar.mjs proxy --service web`.
 */
import { boundHeap } from '../proxy/bound-heap.ts';

boundHeap();
const [{ sidecarProgram }, { runProgram }] = await Promise.all([
  import('./sidecar-program.ts'),
  import('./run-program.ts'),
]);
await runProgram(sidecarProgram());
