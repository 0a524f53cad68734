import { stripVTControlCharacters } from 'node:util';
import type { Style, Tone } from './style.ts';

export interface Column<Row> {
  /** Upper case, one word or two. */
  readonly header: string;
  /** Numbers stand right so that their digits line up; default left. */
  readonly align?: 'left' | 'right';
  /** Shown by `-o wide` only. */
  readonly wide?: true;
  cell(row: Row): string;
  /** The state that a cell's value means; left out when it means none. */
  tone?(row: Row): Tone | null;
}

/**
 * Rows under a dim header, three spaces apart, no borders: what kubectl's users read fluently, and what `awk` and `cut`
 * can take apart. Every line ends with its last visible character.
 */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: Style): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, index) =>
    Math.max(column.header.length, ...cells.map((line) => width(line[index] ?? ''))),
  );
  const place = (text: string, index: number) => {
    const padding = ' '.repeat((widths[index] ?? 0) - width(text));
    if (columns[index]?.align === 'right') return padding + text;
    return index === columns.length - 1 ? text : text + padding;
  };
  const header = columns.map((column, index) => style.paint('dim', place(column.header, index))).join('   ');
  const body = cells.map((line, number) =>
    line
      .map((text, index) => {
        const row = rows[number];
        const tone = row === undefined ? null : (columns[index]?.tone?.(row) ?? null);
        // Padding is measured on the bare text, so colour comes after it.
        return tone === null ? place(text, index) : place(text, index).replace(text, () => style.paint(tone, text));
      })
      .join('   ')
      .trimEnd(),
  );
  return `${[header, ...body].join('\n')}\n`;
}

/** In columns of a terminal, for the characters that we print: one each, and none for the colour of a glyph. */
function width(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
