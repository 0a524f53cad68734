import { CliError, exitCodes } from '../cli-error.ts';
import { fittingTable } from './fitting-table.ts';
import { hasUnprintable, withEscapes } from './printable.ts';
import { printableData } from './printable-data.ts';
import { styleFor } from './style.ts';
import type { Column } from './table.ts';

export const outputFormats = ['table', 'wide', 'yaml', 'json', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** One kind of thing that a command lists, in every form that `-o` offers. */
export interface Listing<Row> {
  readonly columns: readonly Column<Row>[];
  /** What `-o name` prints: one word that other commands take. */
  name(row: Row): string;
  /** What there is none of and what would bring one: the message and hint when there are no rows. */
  readonly empty: { readonly message: string; readonly hint: string };
}

/**
 * Writes rows to stdout. JSON and YAML give what the API gave, whole: a list even when it is empty, so that scripts
 * need no special case. For eyes, an empty answer is a `CliError` with exit code 3.
 */
export async function printListing<Row>(
  listing: Listing<Row>,
  rows: readonly Row[],
  format: OutputFormat,
  stdout: NodeJS.WritableStream = process.stdout,
): Promise<void> {
  if (format === 'json' || format === 'yaml') {
    stdout.write(await serialize(rows, format));
    return;
  }
  if (rows.length === 0) throw new CliError(listing.empty.message, listing.empty.hint, exitCodes.nothingFound);
  const shown = rows.map(printableData);
  if (format === 'name') {
    stdout.write(shown.map((row) => `${listing.name(row)}\n`).join(''));
    return;
  }
  const columns = listing.columns.filter((column) => format === 'wide' || !column.wide);
  stdout.write(fittingTable(columns, shown, styleFor(stdout), format === 'wide' ? endless : terminalWidth(stdout)));
}

const endless = Number.POSITIVE_INFINITY;

/** Endless where it is no terminal, and where the terminal does not say. */
export function terminalWidth(stream: NodeJS.WritableStream): number {
  const { columns } = stream as { columns?: number };
  return columns || endless;
}

/** What a terminal would obey, or read in another direction, is escaped: texts of others are in there. */
export async function serialize(value: unknown, format: 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return `${withEscapes(JSON.stringify(value, null, 2))}\n`;
  const { Document, visit } = await import('yaml');
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, scalar) {
      // the one form that has escapes
      if (typeof scalar.value === 'string' && hasUnprintable(scalar.value)) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return withEscapes(String(document));
}
