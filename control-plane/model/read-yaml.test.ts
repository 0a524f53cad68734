import { describe, expect, it } from 'vitest';
import { readYaml } from './read-yaml.ts';

const faultsOf = (text: string) => readYaml(text, 10).faults.map(({ message }) => message);

describe('readYaml', () => {
  it('reads several documents and says where each begins', () => {
    const { documents } = readYaml('# first\na: 1\n---\n# nothing\n---\nb: 2\n', 10);
    expect(documents.map(({ value, start }) => ({ value, line: start.line }))).toEqual([
      { value: { a: 1 }, line: 2 },
      { value: { b: 2 }, line: 6 },
    ]);
  });

  it('finds keys and values, also behind an alias', () => {
    const [document] = readYaml('base: &b\n  port: 80\nitems:\n  - *b\n  - {port: 81}\n', 10).documents;
    expect(document?.locate(['items', 1, 'port'], 'key')).toEqual({ line: 5, column: 6 });
    expect(document?.locate(['items', 1, 'port'], 'value')).toEqual({ line: 5, column: 12 });
    expect(document?.locate(['items', 0, 'port'], 'value')).toEqual({ line: 2, column: 9 });
    expect(document?.locate(['items', 0, 'missing'], 'value')).toEqual({ line: 4, column: 5 });
  });

  it('refuses a field that stands twice', () => {
    expect(readYaml('a: 1\nb: {c: 1, c: 2}\n', 10).faults).toEqual([
      { message: 'this field stands here twice, first on line 2', position: { line: 2, column: 11 } },
    ]);
  });

  it.each([
    ['a tab', 'a:\n\tb: 1\n', 'indent with spaces: YAML does not allow tabs there'],
    ['a tag of another language', 'a: !!js/function "x"\n', 'not YAML: unresolved tag: tag:yaml.org,2002:js/function'],
    ['an alias of nothing', 'a: *b\n', 'put it in quotes, "*b": a * begins a reference in YAML'],
  ])('refuses %s', (_, text, fault) => {
    expect(faultsOf(text)).toEqual([fault]);
  });

  it('refuses an alias bomb', () => {
    const level = (name: string, of: string) =>
      `${name}: &${name} [${Array.from({ length: 10 }, () => of).join(',')}]\n`;
    const bomb = level('a', '1') + level('b', '*a') + level('c', '*b') + level('d', '*c');
    expect(faultsOf(bomb)).toEqual(['aliases in this document expand too far']);
  });

  // each of these ended or stalled the process when the yaml library saw it unbounded
  it.each([
    ['brackets', '['.repeat(1_000_000), 'a document has at most 64 levels'],
    ['list marks on one line', '- '.repeat(1_000_000), 'a document has at most 64 levels'],
    ['key marks on one line', '? '.repeat(1_000_000), 'a document has at most 64 levels'],
    [
      'indentation',
      Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:\n`).join(''),
      'a document has at most 64 levels',
    ],
    ['keys', Array.from({ length: 50_000 }, (_, index) => `k${index}: v\n`).join(''), 'this document is too long'],
    ['documents', '---\n'.repeat(100_000), 'a text has at most 10 documents'],
    ['quotes', '"'.repeat(1_000_000), 'this document is too long'],
  ])('survives a million %s', (_, text, fault) => {
    expect(faultsOf(text)).toEqual([fault]);
  });

  it('takes a long block of text and a long line, which are no depth', () => {
    const text = `a: |\n${`${' '.repeat(300)}- [x\n`.repeat(1000)}b: "${'['.repeat(10_000)}"\n`;
    expect(readYaml(text, 10)).toMatchObject({ faults: [], documents: [{}] });
  });

  it('takes many members of a flow collection, which are no depth either', () => {
    const members = Array.from({ length: 1000 }, (_, index) => `{ path: { value: /${index} } }`);
    expect(readYaml(`a: [${members.join(', ')}]\n`, 10)).toMatchObject({ faults: [], documents: [{}] });
  });

  it.each([
    ['commas and marks', ',: '.repeat(60_000)],
    ['commas and marks in brackets', `[${',: '.repeat(60_000)}`],
    ['commas and keys in brackets', `[${'? ,'.repeat(60_000)}]`],
    ['list marks between commas', `[${'- - ,'.repeat(30_000)}]`],
  ])('survives many %s', (_, text) => {
    expect(faultsOf(text).length).toBeGreaterThan(0);
  });
});
