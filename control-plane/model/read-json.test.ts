import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJson } from './read-json.ts';

describe('readJson', () => {
  const text = '{\n  "a": [1, {"b": "x\\"]}"}],\n  "c": {}\n}';

  it.each([
    [['a'], 'key', 2, 3],
    [['a'], 'value', 2, 8],
    [['a', 0], 'value', 2, 9],
    [['a', 1, 'b'], 'key', 2, 13],
    [['a', 1, 'b'], 'value', 2, 18],
    [['c'], 'value', 3, 8],
    [['c', 'missing'], 'key', 3, 8],
    [['a', 7, 'missing'], 'value', 2, 8],
    [[], 'value', 1, 1],
  ] as const)('finds %j (%s) at %d:%d', (path, at, line, column) => {
    expect(readJson(text).documents[0]?.locate(path, at)).toEqual({ line, column });
  });

  it('refuses a field that stands twice, even when it is written in two ways', () => {
    expect(readJson('{"a": 1,\n "\\u0061": 2}').faults).toEqual([
      { message: 'this field stands here twice', position: { line: 2, column: 2 } },
    ]);
    expect(readJson('{"a": {"b": 1}, "c": {"b": 1}}').faults).toEqual([]);
  });

  it('refuses depth without running out of stack', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(readJson(deep).faults).toEqual([{ message: 'a document has at most 64 levels', position: null }]);
  });

  it.each(['', '{', '{"a":1,}', 'nul', '{"a":1} x'])('refuses %j', (broken) => {
    expect(readJson(broken)).toMatchObject({ documents: [], faults: [{}] });
  });

  it('reads what JSON.stringify writes, and points at each scalar', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.nat(2), (source, indent) => {
        const value: unknown = JSON.parse(source);
        const written = JSON.stringify(value, null, indent);
        const document = readJson(written).documents[0];
        expect(document?.value).toEqual(value);
        for (const { path, scalar } of scalars(value, [])) {
          const position = document?.locate(path, 'value');
          const line = written.split('\n')[(position?.line ?? 0) - 1] ?? '';
          expect(line.slice((position?.column ?? 0) - 1).startsWith(JSON.stringify(scalar))).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

function* scalars(
  value: unknown,
  path: (string | number)[],
): Generator<{ path: (string | number)[]; scalar: unknown }> {
  if (typeof value !== 'object' || value === null) yield { path, scalar: value };
  else if (Array.isArray(value)) for (const [index, item] of value.entries()) yield* scalars(item, [...path, index]);
  else for (const [key, item] of Object.entries(value)) yield* scalars(item, [...path, key]);
}
