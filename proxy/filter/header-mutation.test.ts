import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderChanges, HeaderPair } from './header-mutation.ts';
import { HeaderMutation, headerChangeFaults } from './header-mutation.ts';

const nothing: HeaderChanges = { set: [], add: [], remove: [] };
const block = 'Host: cart\r\nX-One: 1\r\naccept: a\r\nx-one: 2\r\nAccept: b\r\n';

function apply(changes: Partial<HeaderChanges>, to = block): string {
  return new HeaderMutation({ ...nothing, ...changes }).apply(to);
}

describe('HeaderMutation', () => {
  it('replaces every occurrence of a header that is set, in whatever case, with one at the end', () => {
    expect(apply({ set: [['X-ONE', 'new']] })).toBe('Host: cart\r\naccept: a\r\nAccept: b\r\nx-one: new\r\n');
  });

  it('sets a header that is not there', () => {
    expect(apply({ set: [['x-two', '2']] })).toBe(`${block}x-two: 2\r\n`);
  });

  it('adds a header beside those that are there', () => {
    expect(apply({ add: [['X-One', '3']] })).toBe(`${block}x-one: 3\r\n`);
  });

  it('removes every occurrence, the first and the last line too', () => {
    expect(apply({ remove: ['accept'] })).toBe('Host: cart\r\nX-One: 1\r\nx-one: 2\r\n');
    expect(apply({ remove: ['x-one', 'accept'] }, 'X-One: 1\r\nAccept: b\r\n')).toBe('');
  });

  it('leaves other headers alone whose names or values look alike', () => {
    const alike = 'x-one-two: 1\r\nx: x-one: 2\r\nax-one: 3\r\n';
    expect(apply({ remove: ['x-one'] }, alike)).toBe(alike);
  });

  it('removes first, then sets, then adds', () => {
    const changes = {
      remove: ['x-one'],
      set: [['x-one', 'set']],
      add: [['x-one', 'added']],
    } satisfies HeaderChanges;
    expect(apply(changes)).toBe('Host: cart\r\naccept: a\r\nAccept: b\r\nx-one: set\r\nx-one: added\r\n');
  });

  it('takes the last of two values that are set for one name', () => {
    const set: HeaderPair[] = [
      ['a', '1'],
      ['A', '2'],
    ];
    expect(apply({ set }, '')).toBe('a: 2\r\n');
  });

  it('cuts white space around a value and keeps what is inside', () => {
    expect(apply({ add: [['a', '  b \t c ']] }, '')).toBe('a: b \t c\r\n');
    expect(apply({ add: [['a', '']] }, '')).toBe('a: \r\n');
  });

  it('is null when there is nothing to change', () => {
    expect(HeaderMutation.from(nothing)).toBeNull();
    expect(HeaderMutation.from({ ...nothing, remove: ['a'] })).toBeInstanceOf(HeaderMutation);
  });

  it('does to a block what a list of lines would have done to it', () => {
    const name = fc.constantFrom('a', 'A', 'b', 'ab', 'AB', 'c', 'x-long-name');
    const value = fc.constantFrom('', '1', 'a: b', 'two words', '\xe9');
    const pair = fc.tuple(name, value);
    const pairs = fc.array(pair, { maxLength: 5 });
    fc.assert(
      fc.property(pairs, pairs, pairs, fc.array(name, { maxLength: 4 }), (lines, set, add, remove) => {
        const text = lines.map(([n, v]) => `${n}: ${v}\r\n`).join('');
        const expected = naively(lines, { set, add, remove });
        expect(parse(apply({ set, add, remove }, text))).toEqual(expected);
      }),
    );
  });

  it('makes one line of each change, whatever it is given', () => {
    const text = fc.oneof(
      fc.string(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.uint16Array().map((units) => String.fromCharCode(...units)),
    );
    fc.assert(
      fc.property(text, text, (name, value) => {
        const changes: HeaderChanges = { ...nothing, add: [[name, value]] };
        if (headerChangeFaults(changes).length > 0) {
          expect(() => new HeaderMutation(changes)).toThrow('header changes refused');
        } else {
          expect(new HeaderMutation(changes).apply('')).toMatch(/^[^\r\n\0: ]+: [^\r\n\0]*\r\n$/);
        }
      }),
    );
  });
});

describe('headerChangeFaults', () => {
  it.each([
    'host',
    'Content-Length',
    'transfer-encoding',
    'CONNECTION',
    'keep-alive',
    'upgrade',
    'te',
    'trailer',
    'proxy-connection',
    'expect',
    'x-heddle-peer',
    'X-Heddle-Reason',
  ])('refuses to touch %s in any way', (name) => {
    const fault = `${name.toLowerCase()} may not be changed by a rule`;
    expect(headerChangeFaults({ set: [[name, '1']], add: [[name, '1']], remove: [name] })).toEqual([
      `set[0]: ${fault}`,
      `add[0]: ${fault}`,
      `remove[0]: ${fault}`,
    ]);
  });

  it.each(['', 'a b', 'a:', ':path', 'a\r\n', 'ä', 'a\0', '(a)'])('refuses %j as a name', (name) => {
    expect(headerChangeFaults({ ...nothing, remove: [name] })).toEqual([
      `remove[0]: ${JSON.stringify(name)} is not a header name`,
    ]);
  });

  it.each(['a\r\nb: c', 'a\n', '\r', 'a\0b', '\x7f', '\x1b[0m', '€'])('refuses %j as a value', (value) => {
    expect(headerChangeFaults({ ...nothing, set: [['a', value]] })).toEqual([
      `set[0]: ${JSON.stringify(value)} is not a header value`,
    ]);
  });

  it('names every fault with its place', () => {
    const changes: HeaderChanges = {
      set: [
        ['fine', 'fine'],
        ['host', 'a'],
      ],
      add: [['a b', 'c']],
      remove: ['te'],
    };
    expect(headerChangeFaults(changes).map((fault) => fault.split(':')[0])).toEqual(['set[1]', 'add[0]', 'remove[0]']);
    expect(() => new HeaderMutation(changes)).toThrow(/set\[1\].*add\[0\].*remove\[0\]/);
  });
});

/** The same changes made on a list of lines. */
function naively(lines: readonly HeaderPair[], changes: HeaderChanges): HeaderPair[] {
  const lower = changes.set.map(([name, value]): HeaderPair => [name.toLowerCase(), value]);
  const set = new Map(lower);
  const gone = new Set([...changes.remove.map((name) => name.toLowerCase()), ...set.keys()]);
  const kept = lines.filter(([name]) => !gone.has(name.toLowerCase()));
  return [...kept, ...set, ...changes.add.map(([name, value]): HeaderPair => [name.toLowerCase(), value])];
}

function parse(text: string): HeaderPair[] {
  const lines = text.split('\r\n').slice(0, -1);
  return lines.map((line): HeaderPair => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)];
  });
}
