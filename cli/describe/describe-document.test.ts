import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { styleFor } from '../terminal/style.ts';
import { documentInWords } from './describe-document.ts';

describe('documentInWords', () => {
  it('has a line of its own for nothing that the document only says', async () => {
    const document = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'cart',
        namespace: 'default',
        annotations: { 'heddle.dev/source': 'a\x1b[2J:1', note: 'x\n√ Programmed\x9b' },
      },
      spec: { ports: [] },
      status: { conditions: [{ type: 'Accepted', status: 'False', reason: 'Invalid', message: 'no\n√ Accepted' }] },
    } as unknown as ModelDocument;
    const words = await documentInWords(document, styleFor(new PassThrough(), { LANG: 'C.UTF-8' }));
    expect(words).toContain('note=x √ Programmed');
    expect(words).toContain('× Accepted   Invalid: no √ Accepted\n');
    expect(words).not.toMatch(/^\s*√/m);
    expect(words).not.toMatch(/[^\n\P{Cc}]/u);
  });
});
