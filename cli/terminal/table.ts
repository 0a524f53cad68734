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
  /** Where the terminal has no room for the column: what is left of it, nothing where it has no cell, and words below its row. */
  readonly narrow?: { cell?(row: Row): string; below?(row: Row): string };
}

/** Lines of a table, and where its columns begin and how wide they are. */
export interface TableLayout {
  readonly header: string;
  /** One for each row. */
  readonly body: readonly string[];
  readonly starts: readonly number[];
  readonly widths: readonly number[];
  /** Of the longest line. */
  readonly width: number;
}

/** Between columns; two would do, and three can be seen. */
const usualGap = 3;

/**
 * Rows under a dim header, three spaces apart, no borders: what kubectl's users read fluently, and what `awk` and `cut`
 * can take apart. Every line ends with its last visible character.
 */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: Style): string {
  const { header, body } = layOut(columns, rows, style);
  return `${[header, ...body].join('\n')}\n`;
}

export function layOut<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
  gap: number = usualGap,
): TableLayout {
  const between = ' '.repeat(gap);
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, index) =>
    Math.max(column.header.length, ...cells.map((line) => width(line[index] ?? ''))),
  );
  const place = (text: string, index: number) => {
    const padding = ' '.repeat((widths[index] ?? 0) - width(text));
    if (columns[index]?.align === 'right') return padding + text;
    return index === columns.length - 1 ? text : text + padding;
  };
  const starts = widths.map((_, index) => widths.slice(0, index).reduce((sum, each) => sum + each + gap, 0));
  const header = columns.map((column, index) => style.paint('dim', place(column.header, index))).join(between);
  const body = cells.map((line, number) =>
    line
      .map((text, index) => {
        const row = rows[number];
        const tone = row === undefined ? null : (columns[index]?.tone?.(row) ?? null);
        // Padding is measured on the bare text, so colour comes after it.
        return tone === null ? place(text, index) : place(text, index).replace(text, () => style.paint(tone, text));
      })
      .join(between)
      .trimEnd(),
  );
  return { header, body, starts, widths, width: Math.max(...[header, ...body].map(width)) };
}

/** In columns of a terminal, for the characters that we print: one each, and none for the colour of a glyph. */
export function width(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}
