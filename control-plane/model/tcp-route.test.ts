import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath, formatViolation } from './document-violation.ts';
import { parseDocuments } from './parse-documents.ts';

const backend = { name: 'redis', port: 6379 };

describe('TCPRoute', () => {
  it('is kept with its defaults filled in, whichever version it was written in', () => {
    for (const version of ['v1alpha2', 'v1']) {
      const { document } = check({ rules: [{ backendRefs: [backend] }] }, version);
      expect(document).toMatchObject({
        apiVersion: 'gateway.networking.k8s.io/v1alpha2',
        metadata: { namespace: 'default' },
        spec: { parentRefs: [], rules: [{ backendRefs: [{ ...backend, group: '', kind: 'Service', weight: 1 }] }] },
      });
    }
  });

  it.each<[string, object, string]>([
    ['no rules', {}, 'spec.rules: missing field rules'],
    ['an empty list of rules', { rules: [] }, 'spec.rules: a TCPRoute has one rule'],
    [
      'a second rule',
      { rules: [{ backendRefs: [backend] }, { backendRefs: [backend] }] },
      'spec.rules: a TCPRoute has one rule: connections have nothing that a second one could match',
    ],
    ['no backend', { rules: [{ backendRefs: [] }] }, 'spec.rules[0].backendRefs: a rule has at least one backendRef'],
    [
      'no backend with a weight',
      {
        rules: [
          {
            backendRefs: [
              { ...backend, weight: 0 },
              { ...backend, weight: 0 },
            ],
          },
        ],
      },
      'spec.rules[0].backendRefs: every weight is 0, so no connection could go anywhere: give one a weight above 0',
    ],
    [
      'a negative weight',
      { rules: [{ backendRefs: [{ ...backend, weight: -1 }] }] },
      'spec.rules[0].backendRefs[0].weight: write a whole number from 0 to 1000000',
    ],
    [
      'a backend without a port',
      { rules: [{ backendRefs: [{ name: 'redis' }] }] },
      'spec.rules[0].backendRefs[0]: missing field port',
    ],
    [
      'what only requests have',
      { rules: [{ backendRefs: [backend], matches: [] }] },
      'spec.rules[0].matches: unknown field matches',
    ],
    [
      'a misspelt field',
      { rules: [{ backendRef: [backend] }] },
      'spec.rules[0].backendRef: unknown field backendRef; did you mean backendRefs?',
    ],
    [
      'one parent twice',
      {
        parentRefs: [
          { group: '', kind: 'Service', name: 'redis' },
          { group: '', kind: 'Service', name: 'redis' },
        ],
        rules: [{ backendRefs: [backend] }],
      },
      'spec.parentRefs[1]: the same parent is named twice',
    ],
  ])('is refused with %s', (_what, spec, fault) => {
    const { document, faults } = check(spec);
    expect(document).toBeNull();
    expect(faults.map(({ path, message }) => `${formatPath(path)}: ${message}`)).toContain(fault);
  });
});

describe('TCPRoute in a file', () => {
  const text = `apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata:
  name: redis
spec:
  parentRefs:
    - { group: '', kind: Service, name: redis, prot: 6379 }
  rules:
    - backendRefs:
        - { name: redis, port: 6379, weight: 0 }
`;

  it('has its faults told with line and column, and the nearest right word', () => {
    const { documents, violations } = parseDocuments(text, { fileName: 'redis.yaml' });
    expect(documents).toEqual([]);
    expect(violations.map(formatViolation)).toEqual([
      'redis.yaml:7:48  error  unknown field prot; did you mean port?  (spec.parentRefs[0].prot)',
      'redis.yaml:10:9  error  every weight is 0, so no connection could go anywhere: give one a weight above 0  (spec.rules[0].backendRefs)',
    ]);
  });
});

function check(spec: object, version = 'v1alpha2') {
  return checkDocument({
    apiVersion: `gateway.networking.k8s.io/${version}`,
    kind: 'TCPRoute',
    metadata: { name: 'redis' },
    spec,
  });
}
