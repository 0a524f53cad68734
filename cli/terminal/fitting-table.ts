import { folded } from './folded.ts';
import type { Style } from './style.ts';
import type { Column } from './table.ts';
import { formatTable, layOut, width } from './table.ts';

/** With less room a folded text is harder to read than lines that the terminal breaks. */
const leastRoom = 20;
const narrowGap = 2;
const indent = '  ';
const endless = Number.POSITIVE_INFINITY;

/**
 * A table for a terminal of so many columns. Where it has lines that are too long, columns give way to what they have for that
 * case, they come closer together, the text of the last one is folded, and a name that is too long has a line of its own, as
 * `df` does it: a line that the terminal breaks makes all of the table unreadable.
 */
export function fittingTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
  terminalWidth: number,
): string {
  if (layOut(columns, rows, style).width <= terminalWidth) return formatTable(columns, rows, style);
  const kept = columns.flatMap((column) => narrowed(column) ?? []);
  const usual = layOut(kept, rows, style);
  const close = usual.width <= terminalWidth ? usual : layOut(kept, rows, style, narrowGap);
  const gap = close === usual ? undefined : narrowGap;
  const last = kept.at(-1);
  const start = close.starts.at(-1) ?? 0;
  const room = terminalWidth - start;
  const isFolded =
    last !== undefined && last.align !== 'right' && room >= leastRoom && (close.widths.at(-1) ?? 0) > room;
  const foldedLast = (row: Row): readonly string[] => (isFolded ? folded(last.cell(row), room) : []);
  const nameRoom = isFolded ? endless : (close.widths[0] ?? 0) - Math.max(0, close.width - terminalWidth);
  const tooLong = (row: Row): string => {
    const name = kept[0]?.cell(row) ?? '';
    return width(name) > nameRoom && nameRoom >= (kept[0]?.header.length ?? endless) ? name : '';
  };
  const shown = kept.map((column, index) => {
    if (index === 0) return { ...column, cell: (row: Row) => (tooLong(row) === '' ? column.cell(row) : '') };
    return isFolded && column === last ? { ...column, cell: (row: Row) => foldedLast(row)[0] ?? '' } : column;
  });
  const { header, body } = layOut(shown, rows, style, gap);
  const margin = isFolded ? ' '.repeat(start) : indent;
  const lines = rows.flatMap((row, index) => {
    const tone = last?.tone?.(row) ?? null;
    const more = foldedLast(row).slice(1);
    return [
      ...(tooLong(row) === '' ? [] : [tooLong(row)]),
      body[index] ?? '',
      ...more.map((text) => margin + (tone === null ? text : style.paint(tone, text))),
      ...wordsBelow(columns, row, style, terminalWidth - margin.length).map((text) => margin + text),
    ];
  });
  return `${[header, ...lines].join('\n')}\n`;
}

/** Null for a column that has no place in a narrow table. */
function narrowed<Row>(column: Column<Row>): Column<Row> | null {
  const { narrow } = column;
  if (narrow === undefined) return column;
  return narrow.cell === undefined ? null : { ...column, cell: narrow.cell };
}

function wordsBelow<Row>(columns: readonly Column<Row>[], row: Row, style: Style, room: number): readonly string[] {
  const words = columns.flatMap(({ narrow, tone }) => {
    const text = narrow?.below?.(row) ?? '';
    return text === '' ? [] : [{ text, tone: tone?.(row) ?? null }];
  });
  const painted = words.map(({ text, tone }) => (tone === null ? text : style.paint(tone, text)));
  const line = painted.join(' · ');
  if (words.length === 0) return [];
  if (words.map(({ text }) => width(text) + 3).reduce((sum, each) => sum + each, -3) <= room) return [line];
  return words.flatMap(({ text, tone }) =>
    folded(text, room).map((part) => (tone === null ? part : style.paint(tone, part))),
  );
}
