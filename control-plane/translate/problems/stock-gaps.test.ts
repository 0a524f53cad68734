import { describe, expect, it } from 'vitest';
import type { KindName } from '../../model/kinds.ts';
import { parseDocument, viewOf } from '../testing/golden-case.ts';
import { stockGaps } from './stock-gaps.ts';

const parentRefs = [{ group: '', kind: 'Service', name: 'cart' }];

function gapsOf(kind: KindName, spec: object): readonly string[] {
  const apiVersion = kind.endsWith('Route') ? 'gateway.networking.k8s.io/v1' : 'heddle.dev/v1alpha1';
  const document = parseDocument({ apiVersion, kind, metadata: { name: 'cart' }, spec } as { kind: KindName });
  return stockGaps(viewOf([document], []).documents).map((gap) => `${gap.document} ${gap.path}: ${gap.message}`);
}

const policy = (sections: object) => gapsOf('BackendTrafficPolicy', { targetRefs: parentRefs, ...sections });
const rule = (fields: object) => gapsOf('HTTPRoute', { parentRefs, rules: [fields] });

describe('stockGaps', () => {
  it('are none where an Envoy has a field for everything', () => {
    expect(policy({ retry: { numRetries: 3 }, loadBalancer: { type: 'Random' } })).toEqual([]);
    expect(rule({ backendRefs: [{ name: 'cart', port: 80 }] })).toEqual([]);
  });

  it('name what it does without', () => {
    expect(policy({ fallback: { directResponse: { statusCode: 503 } } })).toEqual([
      'BackendTrafficPolicy/default/cart spec.fallback: an Envoy has none',
    ]);
    const sections = { retryAfter: {}, loadBalancer: { type: 'PeakEwma' }, requestBuffer: { limit: '1Ki' } };
    expect(policy(sections).map((gap) => gap.split(/[ :]/)[1])).toEqual([
      'spec.retryAfter',
      'spec.requestBuffer',
      'spec.loadBalancer.type',
    ]);
  });

  it('name retries that it could only make at the risk of doing something twice', () => {
    const retry = { hedgeOnPerTryTimeout: true, perRetry: { timeout: '1s' } };
    expect(policy({ retry })).toHaveLength(1);
    expect(policy({ retry: { ...retry, retryNonIdempotent: true } })).toEqual([]);
    expect(policy({ retry: { retryOn: { requestHeaders: [{ name: 'x-safe' }] } } })).toHaveLength(1);
  });

  it('name bounds of sessions that are kept by the sidecar, and not those that the client keeps', () => {
    const sessionPersistence = { type: 'Cookie', absoluteTimeout: '1h' };
    const backendRefs = [{ name: 'cart', port: 80 }];
    expect(rule({ backendRefs, sessionPersistence })).toEqual([
      'HTTPRoute/default/cart spec.rules[0].sessionPersistence.absoluteTimeout: an Envoy knows no such bound',
    ]);
    const cookieConfig = { lifetimeType: 'Permanent' };
    expect(rule({ backendRefs, sessionPersistence: { ...sessionPersistence, cookieConfig } })).toEqual([]);
  });

  it('name backends of one rule that want different paths', () => {
    const filters = [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplaceFullPath', replaceFullPath: '/a' } } }];
    const [plain, changed] = [
      { name: 'cart', port: 80 },
      { name: 'cart', port: 80, filters },
    ];
    expect(rule({ backendRefs: [plain, changed] })).toHaveLength(1);
    expect(rule({ backendRefs: [changed, changed] })).toEqual([]);
  });
});
