import { expect, it } from 'vitest';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { toldByStatus } from './told-by-status.ts';

const condition = (type: string, status: string, reason: string, message = '') => ({ type, status, reason, message });

function document(kind: string, name: string, status: object = {}): ModelDocument {
  const apiVersion = kind === 'HTTPRoute' ? 'gateway.networking.k8s.io/v1' : 'heddle.dev/v1alpha1';
  const written: unknown = { apiVersion, kind, metadata: { name, namespace: 'default' }, spec: {}, status };
  return written as ModelDocument;
}

it('says what is wrong with documents by what became of them, and nothing of others', async () => {
  const policy = document('BackendTrafficPolicy', 'two', {
    conditions: [
      condition('Accepted', 'False', 'Conflicted', 'spec.targetRefs[0]: policy/one is older'),
      condition('Programmed', 'False', 'Pending', '0 of 1 sidecars'),
    ],
  });
  const stranger = document('BackendTrafficPolicy', 'three', policy.status as object);
  const route = document('HTTPRoute', 'web', {
    parents: [
      {
        parentRef: { name: 'cart' },
        conditions: [
          condition('Accepted', 'True', 'Accepted'),
          condition('PartiallyInvalid', 'True', 'UnsupportedValue', 'Dropped Rule 1\x1b[2J'),
        ],
      },
    ],
  });
  const asked: string[] = [];
  const lines = await toldByStatus(
    [policy, route, document('BackendTrafficPolicy', 'one')],
    async (kind, namespace) => {
      asked.push(`${kind.kind} in ${namespace}`);
      return {
        items: kind.kind === 'HTTPRoute' ? [route] : [policy, stranger, document('BackendTrafficPolicy', 'one')],
      };
    },
  );
  expect(asked).toEqual(['BackendTrafficPolicy in default', 'HTTPRoute in default']);
  expect(lines).toEqual([
    'BackendTrafficPolicy/default/two  warning  Conflicted: spec.targetRefs[0]: policy/one is older',
    expect.stringMatching(/^HTTPRoute\/default\/web {2}warning {2}cart: UnsupportedValue: Dropped Rule 1/),
  ]);
  expect(lines.join('')).not.toContain('\x1b');
});
