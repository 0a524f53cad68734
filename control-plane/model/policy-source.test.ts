import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import type { ModelDocument } from './kinds.ts';
import { policySource } from './policy-source.ts';

function policy(name: string, target: object, creationTimestamp = '2026-01-01T00:00:00Z'): ModelDocument {
  const { document, faults } = checkDocument({
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: { name, creationTimestamp },
    spec: { targetRefs: [target], circuitBreaker: { maxConnections: 1 } },
  });
  expect(faults).toEqual([]);
  return document as ModelDocument;
}

const service = { group: '', kind: 'Service', name: 'cart' };
const asked = { namespace: 'default', name: 'cart', port: 80 };
const sourceOf = (...documents: ModelDocument[]) => policySource(documents, asked, 'circuitBreaker')?.document ?? null;

describe('policySource', () => {
  it('names the older of two policies, however their times are written', () => {
    const older = policy('old', service, '2026-01-01T00:00:00Z');
    const younger = policy('young', service, '2026-01-01T00:00:00.500Z');
    expect(sourceOf(younger, older)).toBe('BackendTrafficPolicy/default/old');
  });

  it('names none of what is outside the mesh and has the same name', () => {
    expect(sourceOf(policy('outside', { group: 'heddle.dev', kind: 'ExternalService', name: 'cart' }))).toBeNull();
  });
});
