#!/usr/bin/env -S node --max-semi-space-size=2 --v8-pool-size=1
/**
 * `heddle`: the command line. What it does lies in `commands/`, one file per command.
 *
 * A sidecar runs from the bundle that the build made of it, where there is one: a third of the files to read, half the
 * time to start and less memory. Everything else, and everything in the source tree, runs from the files as they are.
 *
 * The first line says what has to be known before Node starts: room for the young generation of the heap, which without
 * a bound takes 20 MB more for the same work, and one helper thread instead of four, each of which keeps memory of its
 * own. A sidecar bounds its heap further (proxy/bound-heap.ts).
 */
import { existsSync } from 'node:fs';

const bundle = new URL('../sidecar/sidecar.mjs', import.meta.url);
const isSidecar = process.argv[2] === 'run' || process.argv[2] === 'proxy';

if (isSidecar && existsSync(bundle)) {
  await import(bundle.href);
} else {
  const [{ buildProgram }, { runProgram }] = await Promise.all([import('./program.ts'), import('./run-program.ts')]);
  await runProgram(buildProgram());
}
