import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPath, formatViolation, parsePath } from './document-violation.ts';
import { documentName } from './kinds.ts';
import { parseDocuments } from './parse-documents.ts';
import { ruleSource } from './source-position.ts';

const routeText = `# the canary
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: cart
spec:
  parentRefs:
    - {group: "", kind: Service, name: cart}
  rules:
    - matches: [{path: {value: /items}}]
      backendRefs:
        - {name: cart-v1, port: 80, weight: 90}
        - {name: cart-v2, port: 80, weight: 10}

    - backendRefs:
        - {name: cart-v1, port: 80}
`;

describe('parseDocuments', () => {
  it('notes file, line and the line of every rule in the document', () => {
    const { documents, violations } = parseDocuments(routeText, { fileName: 'routes/cart.yaml' });
    expect(violations).toEqual([]);
    const document = documents[0]?.document;
    expect(document?.metadata.annotations).toEqual({ 'heddle.dev/source': 'routes/cart.yaml:2 rules 10,15' });
    expect(document && ruleSource(document, 1)).toEqual({ file: 'routes/cart.yaml', line: 15 });
  });

  it.each(['local', 'global'])('notes the line of every rule of a limit that is %s', (way) => {
    const type = way === 'local' ? 'Local' : 'Global';
    const text = `apiVersion: heddle.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: cart}
spec:
  targetRefs: [{group: "", kind: Service, name: cart}]
  rateLimit:
    type: ${type}
    ${way}:
      rules:
        - limit: {requests: 8, unit: Hour}
        # of each caller
        - limit: {requests: 5, unit: Hour}
`;
    const { documents, violations } = parseDocuments(text, { fileName: 'cart.yaml' });
    expect(violations).toEqual([]);
    expect(documents[0]?.document.metadata.annotations).toEqual({ 'heddle.dev/source': 'cart.yaml:1 rules 10,12' });
  });

  it('notes nothing for text that is no file', () => {
    expect(parseDocuments(routeText).documents[0]?.document.metadata.annotations).toBeUndefined();
  });

  it('says file, line, column, path and the right word of each fault, in the order of the text', () => {
    const text = routeText.replace('weight: 10', 'wieght: 10').replace('name: cart\n', 'name: Cart\n');
    const { documents, violations } = parseDocuments(text, { fileName: 'cart.yaml' });
    expect(documents).toEqual([]);
    expect(violations.map(formatViolation)).toEqual([
      'cart.yaml:5:9  error  a name has lower-case letters, digits, "-" and ".", and begins and ends with a letter or digit  (metadata.name)',
      'cart.yaml:13:37  error  unknown field wieght; did you mean weight?  (spec.rules[0].backendRefs[1].wieght)',
    ]);
    expect(violations[1]).toMatchObject({
      suggestion: 'weight',
      document: 'HTTPRoute/default/Cart',
      line: 13,
      column: 37,
    });
  });

  it('places a fault that is found later', () => {
    const [parsed] = parseDocuments(routeText, { fileName: 'cart.yaml' }).documents;
    const fault = {
      path: parsePath('spec.rules[0].backendRefs[1]'),
      at: 'value',
      message: 'no such service',
      suggestion: null,
    } as const;
    expect(parsed?.violation(fault, 'warning')).toEqual({
      severity: 'warning',
      path: 'spec.rules[0].backendRefs[1]',
      message: 'no such service',
      suggestion: null,
      document: 'HTTPRoute/default/cart',
      file: 'cart.yaml',
      line: 13,
      column: 11,
    });
  });

  it('keeps the good documents of a text with a bad one, for the caller to decide', () => {
    const { documents, violations } = parseDocuments(`${routeText}---\nkind: Sevice\napiVersion: v1\n`);
    expect(documents.map(({ document }) => documentName(document))).toEqual(['HTTPRoute/default/cart']);
    expect(violations).toMatchObject([
      { severity: 'error', message: 'unknown kind Sevice; did you mean Service?', line: 18 },
    ]);
  });

  it('leaves out what is only for Kubernetes, with a warning', () => {
    const text =
      'apiVersion: apps/v1\nkind: Deployment\n---\napiVersion: v1\nkind: ServiceAccount\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n';
    expect(parseDocuments(text).violations.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      'warning: Deployment is left out: it is for Kubernetes, not for the mesh',
      'warning: ServiceAccount is left out: it is for Kubernetes, not for the mesh',
      'warning: Gateway is left out: it is for Kubernetes, not for the mesh',
    ]);
  });

  it('does not leave out a route it cannot serve', () => {
    const text = 'apiVersion: gateway.networking.k8s.io/v1\nkind: TLSRoute\n';
    expect(parseDocuments(text).violations).toMatchObject([{ severity: 'error' }]);
  });

  it('takes lists apart and keeps positions', () => {
    const text =
      'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: cart}\n  spec: {port: 1}\n';
    expect(parseDocuments(text).violations).toMatchObject([
      { path: 'spec.port', line: 7, column: 10, suggestion: 'ports' },
    ]);
  });

  it('reads JSON, and YAML that only looks like it', () => {
    const json = '{"apiVersion":"v1","kind":"Service","metadata":{"name":"cart"},"spec":{}}';
    expect(parseDocuments(json, { fileName: 'a.json' }).documents).toHaveLength(1);
    expect(parseDocuments('{apiVersion: v1, kind: Service, metadata: {name: cart}, spec: {}}').documents).toHaveLength(
      1,
    );
    expect(parseDocuments('apiVersion: v1', { format: 'json' }).violations).toHaveLength(1);
  });

  it('refuses more than 3 MiB and more documents than asked for', () => {
    expect(parseDocuments('#'.repeat(3 * 1024 * 1024 + 1)).violations).toMatchObject([
      { message: 'a text has at most 3 MiB' },
    ]);
    expect(parseDocuments('a: 1\n---\nb: 1\n', { maxDocuments: 1 }).violations).toMatchObject([
      { message: 'a text has at most 1 documents' },
    ]);
  });

  it('tells at most 100 faults', () => {
    const { violations } = parseDocuments('a: 1\n---\n'.repeat(200));
    expect(violations).toHaveLength(101);
    expect(violations.at(-1)?.message).toBe('and 300 more faults');
  });
});

describe('parseDocuments under arbitrary text', () => {
  it('answers with documents and violations, and never throws', () => {
    const anything = (maxLength: number) =>
      fc.oneof(
        fc.string({ maxLength }),
        fc.uint16Array({ maxLength }).map((units) => String.fromCharCode(...units)),
      );
    const cut = fc.tuple(fc.nat(routeText.length), fc.nat(routeText.length), anything(8));
    const mangled = cut.map(([from, to, text]) => routeText.slice(0, from) + text + routeText.slice(to));
    fc.assert(
      fc.property(fc.oneof(mangled, anything(60)), (text) => {
        for (const { message, line } of parseDocuments(text, { fileName: 'x' }).violations) {
          expect(message).not.toBe('');
          expect(line).not.toBe(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads any JSON value, and names a place for every fault', () => {
    const key = fc.constantFrom(
      'metadata',
      'name',
      'spec',
      'rules',
      'filters',
      'backendRefs',
      '__proto__',
      'weight',
      'a"b',
    );
    const values = [fc.boolean(), fc.integer(), fc.string({ maxLength: 5 }), fc.constant(null)];
    const fields = fc.object({ key, maxDepth: 5, maxKeys: 5, values });
    fc.assert(
      fc.property(fields, fields, (spec, metadata) => {
        const text = JSON.stringify({ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata, spec });
        const { documents, violations } = parseDocuments(text, { fileName: 'x.json' });
        expect(documents.length + violations.length).toBeGreaterThan(0);
        for (const { line, column } of violations) expect([line, (column ?? 0) > 0]).toEqual([1, true]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('formatPath', () => {
  it.each([[['spec', 'rules', 0, 'name']], [['metadata', 'labels', 'a.b/c "d"', 2]], [[]]])(
    'can be read back: %j',
    (path) => {
      expect(parsePath(formatPath(path))).toEqual(path);
    },
  );
});
