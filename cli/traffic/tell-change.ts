import { serialize } from '../terminal/print.ts';
import { styleFor } from '../terminal/style.ts';
import type { Outcome } from './apply-one.ts';

/** The document on stdout; on stderr what has become of it and how to take it back. */
export async function tellChange(what: string, { receipt, undo }: Outcome, document: object | null): Promise<void> {
  if (document !== null) process.stdout.write(await serialize(document, 'yaml'));
  const unchanged = undo === null ? 'it was so already · ' : '';
  console.error(`${styleFor(process.stderr).good} ${what} · ${unchanged}${receipt}`);
  if (undo !== null) console.error(`  undo: ${undo}`);
}
