import { describe, expect, it } from 'vitest';
import { translate } from '../snapshot.ts';
import { parseDocument, viewOf } from '../testing/golden-case.ts';

describe('routes that decide nothing beside others', () => {
  it('hear of ten ports of a parent and no more, and a GRPCRoute never loses', () => {
    const found = problems(route('HTTPRoute', 'late'), route('GRPCRoute', 'calls'));
    expect(found).toHaveLength(10);
    expect(found[0]).toBe(
      'HTTPRoute/default/late spec.parentRefs[0]: GRPCRoute default/calls decides for port 1 of ExternalService default/api, where an HTTPRoute has no effect beside it',
    );
  });

  it('hear of a port once, whichever of its hosts it is of, and of none that is not theirs', () => {
    const tcp = (name: string, at: object = {}) => ({
      ...route('TCPRoute', name, at),
      apiVersion: 'gateway.networking.k8s.io/v1alpha2',
    });
    const [first, second] = [tcp('a', { port: 100 }), tcp('b', { port: 100 })];
    expect(problems(first, second)).toEqual([
      'TCPRoute/default/b spec.parentRefs[0]: TCPRoute default/a, which comes first, decides for port 100 of ExternalService default/api',
    ]);
    expect(problems(first, tcp('b', { port: 101 }))).toEqual([]);
  });

  it('are left alone beside those of another namespace, and those for another host', () => {
    const elsewhere = route('GRPCRoute', 'calls', { namespace: 'default' });
    expect(
      problems(route('HTTPRoute', 'late'), { ...elsewhere, metadata: { name: 'calls', namespace: 'web' } }),
    ).toEqual([]);
    const ofHost = (kind: string, host: string) => {
      const { spec, ...document } = route(kind, host.slice(0, 1), { port: 1 });
      return { ...document, spec: { ...spec, hostnames: [host] } };
    };
    expect(problems(ofHost('HTTPRoute', 'a.example.com'), ofHost('GRPCRoute', 'b.example.com'))).toEqual([]);
    expect(problems(ofHost('HTTPRoute', 'a.example.com'), route('GRPCRoute', 'all'))).toHaveLength(1);
  });
});

const api = {
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'ExternalService',
  metadata: { name: 'api' },
  spec: {
    hosts: ['a.example.com', 'b.example.com'],
    ports: [
      ...Array.from({ length: 14 }, (_, index) => ({ name: `h${index}`, port: 1 + index, protocol: 'HTTP' })),
      ...[100, 101].map((port) => ({ name: `t${port}`, port, protocol: 'TCP' })),
    ],
  },
};

function route(kind: string, name: string, at: object = {}) {
  const parent = { group: 'heddle.dev', kind: 'ExternalService', name: 'api', ...at };
  const port = kind === 'TCPRoute' ? 100 : 1;
  const backendRefs = [{ group: 'heddle.dev', kind: 'ExternalService', name: 'api', namespace: 'default', port }];
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind,
    metadata: { name },
    spec: { parentRefs: [parent], rules: [{ backendRefs }] },
  };
}

function problems(...documents: readonly object[]): readonly string[] {
  const view = viewOf(
    [api, ...documents].map((document) => parseDocument(document as never)),
    [],
  );
  return translate(view)
    .problems()
    .map(({ document, path, message }) => `${document} ${path}: ${message}`);
}
