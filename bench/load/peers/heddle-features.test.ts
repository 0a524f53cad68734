import { describe, expect, it } from 'vitest';
import { parseDocuments } from '../../../control-plane/model/parse-documents.ts';
import { inboundFeatures, outboundFeatures } from './heddle-features.ts';

describe('the features that are measured', () => {
  it.each([...outboundFeatures, ...inboundFeatures])('$name is documents without a fault', ({ documents }) => {
    const { documents: parsed, violations } = parseDocuments(documents('web', 8080));
    expect(violations).toEqual([]);
    expect(parsed.length).toBe(1);
  });
});
