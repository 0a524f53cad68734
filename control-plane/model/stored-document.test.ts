import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import type { ModelDocument } from './kinds.ts';
import { fromStored, StoredDocumentError, toStored } from './stored-document.ts';

const written = checkDocument({
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'BackendTrafficPolicy',
  metadata: { name: 'cart', resourceVersion: '7', annotations: { a: 'b' } },
  spec: { targetRefs: [{ group: '', kind: 'Service', name: 'cart' }], outlierDetection: { interval: '5s' } },
  status: { conditions: [] },
}).document as ModelDocument;

describe('stored documents', () => {
  it('come back as they were, with the revision they have now and without their old status', () => {
    const { status: _, ...expected } = structuredClone(written);
    expected.metadata.resourceVersion = '12';
    expect(fromStored(toStored(written), 12)).toEqual(expected);
    expect(toStored(written)).not.toContain('resourceVersion');
  });

  it.each(['', '{', 'null', '{"kind":"Service"}'])('are refused when they are none: %j', (value) => {
    expect(() => fromStored(value, 1)).toThrow(StoredDocumentError);
  });
});
