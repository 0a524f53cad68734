import { describe, expect, it } from 'vitest';
import { fittingTable } from './fitting-table.ts';
import type { Style } from './style.ts';
import type { Column } from './table.ts';
import { formatTable } from './table.ts';

const plain: Style = { paint: (_tone, text) => text, good: '√', bad: '×', warning: '‼' };
const marked: Style = { ...plain, paint: (tone, text) => `<${tone}>${text}</>` };

interface Row {
  readonly name: string;
  readonly state: string;
  readonly why: string;
}
const rows: Row[] = [
  { name: 'web', state: 'closed', why: '' },
  { name: 'recommend', state: 'open (1/2 ejected)', why: 'five answers of 500 in a row' },
];
const name: Column<Row> = { header: 'NAME', cell: (row) => row.name };
const why: Column<Row> = { header: 'WHY', cell: (row) => row.why, tone: () => 'bad' };
const state: Column<Row> = {
  header: 'STATE',
  cell: (row) => row.state,
  narrow: { cell: (row) => row.state.split(' ')[0] ?? '', below: (row) => row.state.split(' ').slice(1).join(' ') },
};

describe('fittingTable', () => {
  it('is the table where there is room', () => {
    const columns = [name, state, why];
    const whole = formatTable(columns, rows, plain);
    const longest = Math.max(...whole.split('\n').map((line) => line.length));
    expect(fittingTable(columns, rows, plain, longest)).toBe(whole);
    expect(fittingTable(columns, rows, plain, longest - 1)).not.toBe(whole);
  });

  it('shortens columns that can be short, and has the rest of them below', () => {
    expect(fittingTable([name, state], rows, plain, 24).split('\n')).toEqual([
      'NAME        STATE',
      'web         closed',
      'recommend   open',
      '  (1/2 ejected)',
      '',
    ]);
  });

  it('leaves out columns that have nothing short', () => {
    const gone: Column<Row> = { ...state, narrow: {} };
    expect(fittingTable([gone, name], rows, plain, 12)).toBe('NAME\nweb\nrecommend\n');
  });

  it('moves columns together before it folds', () => {
    const ten = { header: 'TEN', cell: () => '1234567890' };
    expect(fittingTable([ten, ten], rows.slice(1), plain, 22)).toBe('TEN         TEN\n1234567890  1234567890\n');
  });

  it('folds the text of the last column under itself, with what is below after it', () => {
    const below = { ...state, narrow: { below: (row: Row) => row.state } };
    expect(fittingTable([name, below, why], rows, marked, 33).split('\n')).toEqual([
      '<dim>NAME     </>  <dim>WHY</>',
      expect.stringMatching(/^web/),
      '           closed',
      'recommend  <bad>five answers of 500 in</>',
      '           <bad>a row</>',
      '           open (1/2 ejected)',
      '',
    ]);
  });

  it('gives a name that is too long a line of its own', () => {
    const ten = { header: 'TEN', cell: () => '1234567890' };
    expect(fittingTable([name, ten], rows, plain, 17).split('\n')).toEqual([
      'NAME  TEN',
      'web   1234567890',
      'recommend',
      '      1234567890',
      '',
    ]);
  });

  it('leaves a text alone that would be a ribbon', () => {
    const line = fittingTable([name, why], rows, plain, 24).split('\n')[2];
    expect(line).toBe('recommend  five answers of 500 in a row');
  });
});
