import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Style } from './style.ts';
import type { Column } from './table.ts';
import { formatTable } from './table.ts';

const plain: Style = { paint: (_tone, text) => text, good: '√', bad: '×', warning: '‼' };
const marked: Style = { ...plain, paint: (tone, text) => `<${tone}>${text}</>` };

interface Row {
  readonly service: string;
  readonly requests: number;
  readonly note: string;
}

const columns: Column<Row>[] = [
  { header: 'SERVICE', cell: (row) => row.service },
  {
    header: 'RPS',
    align: 'right',
    cell: (row) => row.requests.toFixed(1),
    tone: (row) => (row.requests > 9 ? 'bad' : null),
  },
  { header: 'NOTE', cell: (row) => row.note },
];
const rows: Row[] = [
  { service: 'web', requests: 128.25, note: 'fine' },
  { service: 'recommend', requests: 3, note: '' },
];

describe('formatTable', () => {
  it('lines columns up three spaces apart, numbers to the right', () => {
    expect(formatTable(columns, rows, plain)).toBe(
      ['SERVICE       RPS   NOTE', 'web         128.3   fine', 'recommend     3.0', ''].join('\n'),
    );
  });

  it('measures the bare text, so that colour moves nothing', () => {
    const painted = formatTable(columns, rows, marked);
    expect(painted).toContain('web         <bad>128.3</>   fine');
    expect(painted.replaceAll(/<\/?\w*>/g, '').trimEnd()).toBe(formatTable(columns, rows, plain).trimEnd());
  });

  it('prints the header alone when there is nothing', () => {
    expect(formatTable(columns, [], plain)).toBe('SERVICE   RPS   NOTE\n');
  });

  it('counts a character outside ASCII as one column', () => {
    const wide = formatTable(
      [
        { header: 'A', cell: (row: string) => row },
        { header: 'B', cell: () => 'b' },
      ],
      ['√…', 'xy'],
      plain,
    );
    expect(wide).toBe('A    B\n√…   b\nxy   b\n');
  });

  it('gives the colour of a glyph in a cell no column', () => {
    const secured: Column<boolean>[] = [
      { header: 'SECURED', cell: (isSecured) => (isSecured ? '\x1b[32m√\x1b[39m' : '×') },
      { header: 'ID', cell: () => 'id' },
    ];
    expect(stripVTControlCharacters(formatTable(secured, [true, false], plain))).toBe(
      'SECURED   ID\n√         id\n×         id\n',
    );
  });
});
