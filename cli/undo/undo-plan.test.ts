import { describe, expect, it } from 'vitest';
import type { RecordedChange } from '../../control-plane/api/client.ts';
import { CliError } from '../cli-error.ts';
import { readRevisions, revisionsInWords, undoPlan } from './undo-plan.ts';

const at = (revision: number) => ({ metadata: { name: 'cart', resourceVersion: String(revision) } }) as never;

function change(revision: number, changes: Partial<RecordedChange> = {}): RecordedChange {
  const document = 'HTTPRoute/default/cart';
  const { current = revision, latest = current ?? revision } = changes;
  const told = { what: 'replaced', at: null, fields: [] } as const;
  return { revision, document, ...told, before: at(1), after: at(revision), ...changes, current, latest };
}

describe('readRevisions', () => {
  it('reads numbers and ranges, the newest first, each once', () => {
    expect(readRevisions(['41-43', '7', '42'])).toEqual([43, 42, 41, 7]);
  });

  it.each(['0', '-1', '3-1', 'x', '1-', '1-101', '1-2-3', '9'.repeat(16)])('refuses %s', (word) => {
    expect(() => readRevisions([word])).toThrow(CliError);
  });
});

describe('revisionsInWords', () => {
  it('can be typed again', () => {
    expect(revisionsInWords([41, 43, 42, 7])).toBe('7 41-43');
    expect(readRevisions(revisionsInWords([41, 43, 42, 7]).split(' '))).toEqual([43, 42, 41, 7]);
  });
});

describe('undoPlan', () => {
  it.each<[string, Partial<RecordedChange>, object, string]>([
    [
      'puts back what was replaced',
      {},
      { before: at(1), expected: '9' },
      'revision 9 replaced HTTPRoute/default/cart: back to revision 1',
    ],
    [
      'takes away what was created',
      { what: 'created', before: null },
      { before: null, expected: '9' },
      'revision 9 created HTTPRoute/default/cart: taken away again',
    ],
    [
      'makes again what was deleted',
      { what: 'deleted', after: null, current: null },
      { before: at(1), expected: null },
      'revision 9 deleted HTTPRoute/default/cart: back to revision 1',
    ],
  ])('%s', (_what, changes, step, inWords) => {
    expect(undoPlan([change(9, changes)])).toMatchObject([{ ...step, inWords }]);
  });

  it.each<[string, Partial<RecordedChange>, string, string]>([
    ['replaced', { current: 12 }, 'it is at revision 12', 'heddle undo 12, and then this again'],
    ['deleted', { current: null, latest: 12 }, 'it is gone', 'heddle undo 12, and then this again'],
    [
      ...(['made and deleted again', { what: 'deleted', after: null, current: null, latest: 12 }] as const),
      ...(['it is gone', 'heddle undo 12, and then this again'] as const),
    ],
    ['made again', { what: 'deleted', after: null, current: 12 }, 'it is at revision 12', 'heddle undo 12'],
  ])('refuses what somebody has %s since', (_what, changes, message, hint) => {
    expect(() => undoPlan([change(9, changes)])).toThrow(message);
    expect(() => undoPlan([change(9, changes)])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(hint), exitCode: 1 }),
    );
  });

  it('takes several changes of a document back to what was before the first', () => {
    const [step, ...others] = undoPlan([change(9, { current: 11 }), change(11, { before: at(9) })]);
    expect(others).toEqual([]);
    expect(step).toMatchObject({
      before: at(1),
      expected: '11',
      inWords: 'revisions 9 11 changed HTTPRoute/default/cart: back to revision 1',
    });
  });

  it('refuses several changes of a document with one of somebody else between them', () => {
    expect(() => undoPlan([change(9, { current: 11 }), change(11, { before: at(10) })])).toThrow(
      'also changed between the revisions 9 and 11',
    );
  });

  it('has a step for each document, and none when one of them cannot be undone', () => {
    const other = { document: 'HTTPRoute/default/other' };
    expect(undoPlan([change(9), change(10, other)]).map(({ document }) => document)).toEqual([
      'HTTPRoute/default/other',
      'HTTPRoute/default/cart',
    ]);
    expect(() => undoPlan([change(9), change(10, { ...other, current: 12 })])).toThrow('Nothing was undone');
  });
});
