import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import type { ModelDocument } from './kinds.ts';
import { formatSource, ruleSource, sourceAnnotation, sourceOf } from './source-position.ts';

function annotated(source: string): ModelDocument {
  const metadata = { name: 'cart', annotations: { [sourceAnnotation]: source } };
  return checkDocument({ apiVersion: 'v1', kind: 'Service', metadata, spec: {} }).document as ModelDocument;
}

describe('source position', () => {
  it.each([
    ['routes/cart.yaml', 1, [9, 17]],
    ['C:\\my files\\cart.yaml', 40, []],
    ['<stdin>', 3, [4]],
  ])('survives being written and read: %s', (file, line, ruleLines) => {
    expect(sourceOf(annotated(formatSource({ file, line }, ruleLines)))).toEqual({ file, line, ruleLines });
  });

  it('keeps the end of a long file name', () => {
    const source = sourceOf(annotated(formatSource({ file: `${'a/'.repeat(600)}cart.yaml`, line: 1 }, [])));
    expect(source?.file).toHaveLength(512);
    expect(source?.file.endsWith('/cart.yaml')).toBe(true);
  });

  it('gives a rule its own line, or that of the document when there is none', () => {
    const document = annotated('cart.yaml:1 rules 9,17');
    expect(ruleSource(document, 1)).toEqual({ file: 'cart.yaml', line: 17 });
    expect(ruleSource(document, 2)).toEqual({ file: 'cart.yaml', line: 1 });
  });

  it.each(['', 'cart.yaml', 'cart.yaml:x', 'a\nb:1', 'a\x1b[2J:1', 'a\x9b:1'])(
    'is null for %j, which is not of its form',
    (text) => {
      expect(sourceOf(annotated(text))).toBeNull();
    },
  );
});
