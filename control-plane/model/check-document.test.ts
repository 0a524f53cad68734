import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';

const metadata = { name: 'cart' };
const route = (rule: object, spec: object = {}) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata,
  spec: { parentRefs: [{ group: '', kind: 'Service', name: 'cart' }], rules: [rule], ...spec },
});
const service = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata, spec });
const workload = (spec: object) => ({
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'Workload',
  metadata,
  spec: { address: '10.0.0.1', ports: [{ port: 80 }], ...spec },
});
const mesh = (spec: object, name = 'default') => ({
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'Mesh',
  metadata: { name },
  spec,
});

function faultsOf(value: unknown): string[] {
  return checkDocument(value).faults.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

const rule = 'spec.rules[0]';

describe('checkDocument', () => {
  it('fills in what Gateway API defaults, and nothing else', () => {
    const { document } = checkDocument(route({ backendRefs: [{ name: 'cart-v1', port: 80 }] }));
    expect(document).toEqual({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'HTTPRoute',
      metadata: { name: 'cart', namespace: 'default' },
      spec: {
        parentRefs: [{ group: '', kind: 'Service', name: 'cart' }],
        rules: [
          {
            matches: [{ path: { type: 'PathPrefix', value: '/' }, headers: [], queryParams: [] }],
            filters: [],
            backendRefs: [{ group: '', kind: 'Service', name: 'cart-v1', port: 80, weight: 1 }],
          },
        ],
      },
    });
  });

  it('finds every fault in one go', () => {
    const value = route({
      matches: [{ path: { type: 'Exakt', value: '/a' } }],
      backendRefs: [{ name: 'cart-v1', port: 80, wieght: 1 }, { name: 'cart-v2' }],
      timeouts: { request: '5 seconds' },
      retry: { attempts: -1 },
    });
    expect(faultsOf({ ...value, metadata: { name: '../cart' } })).toEqual([
      `${rule}.backendRefs[0].wieght: unknown field wieght; did you mean weight?`,
      'metadata.name: a name has lower-case letters, digits, "-" and ".", and begins and ends with a letter or digit',
      `${rule}.matches[0].path.type: write Exact, PathPrefix or RegularExpression; did you mean Exact?`,
      `${rule}.backendRefs[1]: missing field port`,
      `${rule}.timeouts.request: write a duration such as 500ms, 2s or 1m`,
      `${rule}.retry.attempts: write a whole number from 0 to 100`,
    ]);
  });

  it.each([
    ['no object', 'text', ': a document begins with apiVersion and kind'],
    ['a list', [], ': a document begins with apiVersion and kind'],
    ['no kind', { apiVersion: 'v1' }, 'kind: missing field kind'],
    ['a misspelled kind', { apiVersion: 'v1', kind: 'Sevice' }, 'kind: unknown kind Sevice; did you mean Service?'],
    [
      'an old apiVersion',
      { apiVersion: 'policy.linkerd.io/v1beta3', kind: 'HTTPRoute' },
      'apiVersion: the apiVersion of HTTPRoute is gateway.networking.k8s.io/v1',
    ],
    [
      'a kind of later versions',
      { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'TLSRoute' },
      'kind: TLSRoute is not supported by this version of Heddle',
    ],
    [
      'a kind of later versions',
      { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'TLSRoute' },
      'kind: TLSRoute is not supported by this version of Heddle',
    ],
    [
      'a kind of another mesh',
      { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService' },
      'kind: unknown kind VirtualService; HTTPRoute says it here, and BackendTrafficPolicy for retries',
    ],
    [
      'a kind that is not there yet',
      { apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy' },
      'kind: unknown kind AuthorizationPolicy; not yet: every service of the trust domain may call every other',
    ],
    [
      'a section in metadata that belongs beside it',
      { ...service({}), metadata: { name: 'cart', spec: {} } },
      'metadata.spec: unknown field spec; it belongs beside metadata: indent it less',
    ],
    [
      'a section beside spec that belongs in it',
      { ...service({}), ports: [] },
      'ports: unknown field ports; it belongs under spec: indent it',
    ],
    ['no name', { ...service({}), metadata: {} }, 'metadata.name: missing field name'],
    ['no metadata', { apiVersion: 'v1', kind: 'Service', spec: {} }, 'metadata: missing field metadata'],
    [
      'a long name',
      { ...service({}), metadata: { name: 'a'.repeat(64) } },
      'metadata.name: a name has at most 63 characters',
    ],
    [
      'a name in look-alike letters',
      { ...service({}), metadata: { name: 'саrt' } },
      'metadata.name: a name has lower-case letters, digits and "-", and begins and ends with a letter or digit',
    ],
    [
      'a label key of many words',
      { ...service({}), metadata: { name: 'cart', labels: { 'a b': 'c' } } },
      'metadata.labels["a b"]: a label key is at most 63 letters, digits, "-", "_" and ".", with an optional DNS prefix and "/"',
    ],
    [
      'a label that is no text',
      { ...service({}), metadata: { name: 'cart', labels: { a: 1 } } },
      'metadata.labels.a: a label value is text of letters, digits, "-", "_" and "."; put numbers and booleans in quotes',
    ],
  ])('refuses %s', (_, value, fault) => {
    expect(faultsOf(value)).toEqual([fault]);
  });

  it.each([
    [
      'two ports without names',
      service({ ports: [{ port: 1 }, { name: 'b', port: 2 }] }),
      'spec.ports[0]: missing field name: a Service with several ports names each',
    ],
    [
      'a port number twice',
      service({
        ports: [
          { name: 'a', port: 1 },
          { name: 'b', port: 1 },
        ],
      }),
      'spec.ports[1].port: port 1 is listed twice',
    ],
    ['a weight of no share', workload({ weight: 0 }), 'spec.weight: write a whole number from 1 to 1000'],
    [
      'a Workload with a host name',
      workload({ address: 'localhost' }),
      'spec.address: write an IP address such as 10.0.0.7 or fd00::7',
    ],
    [
      'a Workload with half an inbound address',
      workload({ ports: [{ port: 80, inboundAddress: '10.0.0.1' }] }),
      'spec.ports[0].inboundAddress: inboundAddress needs inboundPort beside it',
    ],
    [
      'a Workload with a port twice',
      workload({ ports: [{ port: 80 }, { port: 80 }] }),
      'spec.ports[1].port: port 80 is listed twice',
    ],
    [
      'a level of path normalization that there is not',
      mesh({ pathNormalization: { normalization: 'MERGE_SLASH' } }),
      'spec.pathNormalization.normalization: write NONE, BASE, MERGE_SLASHES or DECODE_AND_MERGE_SLASHES; did you mean MERGE_SLASHES?',
    ],
    [
      'a misspelt path normalization',
      mesh({ pathNormalisation: { normalization: 'BASE' } }),
      'spec.pathNormalisation: unknown field pathNormalisation; did you mean pathNormalization?',
    ],
    [
      'a time that is none',
      mesh({ protocolDetectionTimeout: '10' }),
      'spec.protocolDetectionTimeout: write a duration such as 500ms, 2s or 1m',
    ],
    [
      'another word for what becomes of underscores',
      mesh({ headersWithUnderscoresAction: 'DROP' }),
      'spec.headersWithUnderscoresAction: write ALLOW, REJECT_REQUEST or DROP_HEADER; did you mean DROP_HEADER?',
    ],
    ['a second Mesh', mesh({}, 'other'), 'metadata.name: there is one Mesh and its name is default'],
    [
      'an unknown outbound mode',
      mesh({ outboundTrafficPolicy: { mode: 'ALLOW' } }),
      'spec.outboundTrafficPolicy.mode: write ALLOW_ANY or REGISTRY_ONLY; did you mean ALLOW_ANY?',
    ],
  ])('refuses %s', (_, value, fault) => {
    expect(faultsOf(value)).toEqual([fault]);
  });

  it('reads what Kubernetes writes into a document, and null as absent', () => {
    const written = {
      ...service({ ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }], selector: null, clusterIP: '10.96.0.7' }),
      metadata: {
        name: 'cart',
        namespace: 'shop',
        creationTimestamp: null,
        resourceVersion: '41',
        managedFields: [{ manager: 'kubectl', fieldsV1: { 'f:spec': {} } }],
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
      },
      status: { loadBalancer: {} },
    };
    expect(checkDocument(written).document).toMatchObject({
      metadata: { name: 'cart', namespace: 'shop', resourceVersion: '41' },
      spec: { ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }], clusterIP: '10.96.0.7' },
    });
  });

  it('refuses __proto__ and leaves Object alone', () => {
    const value = JSON.parse(
      '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","__proto__":{"polluted":1}},"spec":{"constructor":{}}}',
    );
    expect(faultsOf(value)).toEqual([
      'metadata.__proto__: a field cannot be called __proto__',
      'spec.constructor: unknown field constructor',
    ]);
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('refuses what is too deep, too large or without end', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(faultsOf(deep)).toEqual([': a document has at most 64 levels']);
    expect(faultsOf(Array.from({ length: 300_000 }, () => 1))).toEqual([': a document has at most 50000 values']);
    const endless: unknown[] = [];
    endless.push(endless, endless);
    expect(faultsOf(endless)).toEqual([': a document has at most 64 levels']);
  });
});
