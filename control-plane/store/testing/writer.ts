import { writeSync } from 'node:fs';
import { EmbeddedStore } from '../embedded-store.ts';

/**
 * The victim of the crash tests: writes documents until it is killed or refused, and prints `acknowledged N` for the
 * N-th write only after the store has acknowledged it. Document `N % 50` is written as N, N again in its
 * body and filler between, so that a torn or mixed document is seen.
 *
 * Usage: `node --import tsx writer.ts <data directory> <first N> <bytes of filler>`
 */
const [directory = '', first = '0', fillerBytes = '100'] = process.argv.slice(2);

// writeSync: a line is with the parent once it is printed, whatever happens to this process next.
function print(line: string): void {
  writeSync(1, `${line}\n`);
}

try {
  const store = await EmbeddedStore.open(directory);
  print('open');
  for (let n = Number(first); ; n += 1) {
    await store.put(`doc/${n % 50}`, JSON.stringify({ n, filler: 'x'.repeat(Number(fillerBytes)), again: n }));
    print(`acknowledged ${n}`);
  }
} catch (error) {
  print(`refused ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
  process.exitCode = 3;
}
