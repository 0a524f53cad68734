import { describe, expect, it } from 'vitest';
import { fieldChanges } from './field-changes.ts';

describe('fieldChanges', () => {
  it('names the fields themselves, what is new and what is gone', () => {
    const before = { spec: { retry: { numRetries: 2 }, rules: [{ weight: 90 }, { weight: 10 }] }, kind: 'X' };
    const after = { spec: { timeout: '5s', rules: [{ weight: 50 }, { weight: 50 }] }, kind: 'X' };
    expect(fieldChanges(before, after)).toEqual([
      { path: 'spec.timeout', before: '', after: '"5s"' },
      { path: 'spec.rules[0].weight', before: '90', after: '50' },
      { path: 'spec.rules[1].weight', before: '10', after: '50' },
      { path: 'spec.retry', before: '{"numRetries":2}', after: '' },
    ]);
  });

  it('tells a list whose length has changed as a whole, shortened', () => {
    const [change, ...others] = fieldChanges({ hosts: ['a'] }, { hosts: ['a', 'b'.repeat(100)] });
    expect(others).toEqual([]);
    expect(change).toMatchObject({ path: 'hosts', before: '["a"]' });
    expect(change?.after).toHaveLength(60);
  });

  it('leaves out what the server writes and where a document was written, and tells no more than 8', () => {
    const metadata = (line: number) => ({
      generation: line,
      annotations: { 'heddle.dev/source': `cart.yaml:${line}`, 'example.com/a': `${line}` },
    });
    const path = 'metadata.annotations["example.com/a"]';
    expect(fieldChanges({ metadata: metadata(1) }, { metadata: metadata(2) })).toEqual([
      { path, before: '"1"', after: '"2"' },
    ]);
    const gone = { metadata: { annotations: { 'heddle.dev/source': 'cart.yaml:1' } } };
    expect(fieldChanges(gone, { metadata: {} })).toEqual([]);
    expect(fieldChanges({ all: Array(20).fill(0) }, { all: Array(20).fill(1) })).toHaveLength(8);
    expect(fieldChanges({ a: 1 }, { a: 1 })).toEqual([]);
    expect(fieldChanges(null, { a: 1 })).toEqual([]);
  });
});
