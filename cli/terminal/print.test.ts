import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CliError } from '../cli-error.ts';
import type { Listing, OutputFormat } from './print.ts';
import { printListing, serialize } from './print.ts';

interface Row {
  readonly name: string;
  readonly address: string;
}
const listing: Listing<Row> = {
  columns: [
    { header: 'NAME', cell: (row) => row.name },
    { header: 'ADDRESS', wide: true, cell: (row) => row.address },
  ],
  name: (row) => `proxy/${row.name}`,
  empty: { message: 'no sidecar is connected', hint: 'heddle run …' },
};
const rows = [{ name: 'web-1', address: '127.0.0.1' }];

async function print(format: OutputFormat, some: readonly Row[] = rows): Promise<string> {
  const stdout = new PassThrough();
  await printListing(listing, some, format, stdout);
  return String(stdout.read() ?? '');
}

describe('printListing', () => {
  it('prints a table, and further columns when wide', async () => {
    expect(await print('table')).toBe('NAME\nweb-1\n');
    expect(await print('wide')).toBe('NAME    ADDRESS\nweb-1   127.0.0.1\n');
  });

  it('shows what others wrote, and never lets it write to the terminal', async () => {
    const hostile = [{ name: 'web\u001b[2J', address: 'a\nb' }];
    expect(await print('wide', hostile)).toBe('NAME      ADDRESS\nweb [2J   a b\n');
    expect(await print('name', hostile)).toBe('proxy/web [2J\n');
    expect(JSON.parse(await print('json', hostile))).toEqual(hostile);
  });

  it('prints names that other commands take', async () => {
    expect(await print('name')).toBe('proxy/web-1\n');
  });

  it('prints the whole answer as JSON and YAML', async () => {
    expect(JSON.parse(await print('json'))).toEqual(rows);
    expect(parse(await print('yaml'))).toEqual(rows);
  });

  it('prints an empty list for scripts, and says so to eyes with exit code 3', async () => {
    expect(await print('json', [])).toBe('[]\n');
    const error = await print('table', []).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(CliError);
    expect(error).toMatchObject({ message: 'no sidecar is connected', exitCode: 3 });
  });
});

describe('serialize', () => {
  const texts = ['\u009b31mred', '\u001b[2J', 'a\u202etxt.exe', '\u007f', 'x\u0085y', 'señor 猫', 'two\nlines', ''];
  const value = { texts, '\u009bkey\u202e': 'value' };

  it.each(['json', 'yaml'] as const)('gives %s that says the same, and moves no cursor', async (format) => {
    const text = await serialize(value, format);
    expect(text.replaceAll(/[\n\u{20}-\u{7e}ñ猫]/gu, '')).toBe('');
    expect(parse(text)).toEqual(value);
  });
});
