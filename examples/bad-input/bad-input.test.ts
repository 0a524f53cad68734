import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { applyFiles } from '../../cli/apply/apply-files.ts';
import type { ApiCallError } from '../../control-plane/api/client.ts';
import type { KindName, ModelDocument } from '../../control-plane/model/kinds.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

let mesh: TestMesh;
let url: string;

beforeAll(async () => {
  mesh = await TestMesh.start();
  for (const version of ['v1', 'v2']) {
    const port = await mesh.application((_request, response) => response.end(version));
    await mesh.sidecar(`cart-${version}-1`, {
      service: 'cart',
      labels: { version },
      ports: [{ port, protocol: 'http' }],
    });
  }
  const localPort = await freePort();
  await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'cart', localPort }] });
  url = `http://127.0.0.1:${localPort}`;
  await apply(route('good', '/good', { backendRefs: [{ name: 'cart-v1', port: 80 }] }));
  await apply(policy('good', { retry: { numRetries: 1 } }));
  await vi.waitUntil(async () => (await call('/good')) === '200 v1', { timeout: 15_000 });
}, 60_000);

afterAll(() => mesh?.close());

interface Written {
  readonly kind: KindName;
  readonly metadata: { readonly name: string };
}

async function call(path: string): Promise<string> {
  const { statusCode, body } = await request(url + path);
  const text = await body.text();
  return statusCode === 200 ? `200 ${text}` : String(statusCode);
}

/** Applies and waits until it is in force; what the API remarks. */
async function apply(document: Written): Promise<readonly string[]> {
  // what a user wrote: the server fills in the rest
  const written = document as unknown as ModelDocument;
  const { document: applied, warnings } = await mesh.api.apply(kinds[document.kind], written);
  const { rejected } = await mesh.api.convergence(applied.metadata.resourceVersion ?? '0', 10_000);
  expect(rejected).toEqual([]);
  return warnings.map(({ field, message }) => `${field}: ${message}`);
}

async function remove({ kind, metadata }: Written): Promise<void> {
  const { resourceVersion } = await mesh.api.delete(kinds[kind], 'default', metadata.name);
  await mesh.api.convergence(resourceVersion, 10_000);
}

const target = { group: '', kind: 'Service', name: 'cart' };
const backend = { name: 'cart-v1', port: 80 };

const route = (name: string, path: string, rule: object, match: object = {}) => ({
  ...{
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute' as const,
    metadata: { name, namespace: 'default' },
  },
  spec: { parentRefs: [target], rules: [{ matches: [{ path: { value: path }, ...match }], ...rule }] },
});
const bad = (rule: object, match?: object) => route('bad', '/bad', rule, match);

const policy = (name: string, spec: object) => ({
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'BackendTrafficPolicy' as const,
  metadata: { name, namespace: 'default' },
  spec: { targetRefs: [target], ...spec },
});
const fault = (spec: object) => ({
  ...{ ...policy('bad', {}), kind: 'FaultInjection' as const },
  spec: { targetRefs: [target], until: '2099-01-01T00:00:00Z', ...spec },
});

const rule = 'spec.rules[0]';
const pattern = (value: string) => bad({ backendRefs: [backend] }, { path: { type: 'RegularExpression', value } });

describe('a document that cannot be right', () => {
  it.each<[string, Written, string, string]>([
    [
      'a share above all',
      fault({ abort: { httpStatus: 503, percentage: 130 } }),
      'spec.abort.percentage',
      'write a percentage from 0 to 100',
    ],
    [
      'a share below none',
      fault({ delay: { fixedDelay: '1s', percentage: -1 } }),
      'spec.delay.percentage',
      'write a percentage from 0 to 100',
    ],
    [
      'more copies than requests',
      bad({
        backendRefs: [backend],
        filters: [{ type: 'RequestMirror', requestMirror: { backendRef: backend, percent: 150 } }],
      }),
      `${rule}.filters[0].requestMirror.percent`,
      'write a whole percentage from 0 to 100',
    ],
    [
      'a threshold above all',
      policy('bad', { healthCheck: { panicThreshold: 101 } }),
      'spec.healthCheck.panicThreshold',
      '100',
    ],
    ['a negative weight', bad({ backendRefs: [{ ...backend, weight: -1 }] }), `${rule}.backendRefs[0].weight`, '0'],
    [
      'a weight that is misspelt',
      bad({ backendRefs: [{ ...backend, wieght: 1 }] }),
      `${rule}.backendRefs[0].wieght`,
      'did you mean weight?',
    ],
    [
      'two limits of retries',
      policy('bad', { retryBudget: { percent: 10 }, circuitBreaker: { maxParallelRetries: 3 } }),
      'spec.retryBudget',
      'write one of them',
    ],
    [
      'two names of one setting',
      policy('bad', { outlierDetection: {}, healthCheck: { passive: {} } }),
      'spec.outlierDetection',
      'write one of them',
    ],
    [
      'a longest time below the first',
      policy('bad', { healthCheck: { passive: { baseEjectionTime: '60s', maxEjectionTime: '10s' } } }),
      'spec.healthCheck.passive.maxEjectionTime',
      'shorter than baseEjectionTime (60s)',
    ],
    [
      'a limit of two types',
      policy('bad', {
        rateLimit: {
          type: 'Local',
          local: { rules: [{ limit: { requests: 1, unit: 'Second' } }] },
          global: { rules: [{ limit: { requests: 1, unit: 'Second' } }] },
        },
      }),
      'spec.rateLimit.global',
      'remove it',
    ],
    [
      'a redirect with backends',
      bad({ backendRefs: [backend], filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }] }),
      `${rule}.backendRefs`,
      'a rule that redirects has no backendRefs',
    ],
    [
      'a fault without an end',
      {
        ...fault({ abort: { httpStatus: 503 } }),
        spec: { targetRefs: [target], abort: { httpStatus: 503 } },
      } as Written,
      'spec.until',
      'until',
    ],
    ['a pattern that explodes', pattern('/(a{1,50}){1,50}'), `${rule}.matches[0].path`, 'pattern'],
    ['a pattern that looks ahead', pattern('/(?=bad).*'), `${rule}.matches[0].path`, 'pattern'],
    ['a pattern that is longer than all texts', pattern(`/${'a'.repeat(5000)}`), `${rule}.matches[0].path`, '1024'],
  ])('is refused with its path and what to write instead: %s', async (_what, document, field, message) => {
    const error: ApiCallError = await mesh.api.apply(kinds[document.kind], document as unknown as ModelDocument).then(
      () => expect.fail('it should be refused'),
      (reason) => reason,
    );
    expect(error.reason).toBe('Invalid');
    const causes = error.status?.details?.causes ?? [];
    const cause = causes.find((one) => one.field.startsWith(field));
    expect({ field: cause?.field, message: cause?.message }).toEqual({
      field: expect.stringContaining(field),
      message: expect.stringContaining(message),
    });
    await expect(mesh.api.get(kinds[document.kind], 'default', 'bad')).rejects.toMatchObject({ reason: 'NotFound' });
    expect(await call('/good')).toBe('200 v1');
  });
});

describe('a document that asks for what there is not', () => {
  it.each<[string, Written, string, string]>([
    [
      'weights that sum to 0',
      bad({
        backendRefs: [
          { ...backend, weight: 0 },
          { name: 'cart-v2', port: 80, weight: 0 },
        ],
      }),
      `${rule}.backendRefs: every weight is 0, so the rule answers 500: give one a weight above 0`,
      '500',
    ],
    [
      'an unknown backend',
      bad({ backendRefs: [{ name: 'cart-v3', port: 80 }] }),
      `${rule}.backendRefs[0]: Service default/cart-v3 does not exist; did you mean cart-v1?`,
      '500',
    ],
    [
      'an unknown port',
      bad({ backendRefs: [{ name: 'cart-v1', port: 81 }] }),
      `${rule}.backendRefs[0]: Service default/cart-v1 has no port 81; it has 80`,
      '500',
    ],
    [
      'a backend that is no Service',
      bad({ backendRefs: [{ kind: 'Bucket', name: 'cart', port: 80 }] }),
      `${rule}.backendRefs[0].kind: Bucket is no backend of the mesh, its share of the requests answers 500: write a Service`,
      '500',
    ],
    [
      'a filter that does not exist',
      bad({
        backendRefs: [backend],
        filters: [
          { type: 'ExtensionRef', extensionRef: { group: 'heddle.dev', kind: 'HTTPRouteFilter', name: 'nobody' } },
        ],
      }),
      `${rule}.filters[0].extensionRef: HTTPRouteFilter default/nobody does not exist`,
      '500',
    ],
    ['no backend at all', bad({}), `${rule}: the rule has neither a backend nor a redirect and answers 500`, '500'],
    [
      'an annotation that is misspelt',
      {
        ...bad({ backendRefs: [backend] }),
        metadata: { name: 'bad', namespace: 'default', annotations: { 'heddle.dev/priorty': 'High' } },
      } as Written,
      'metadata.annotations["heddle.dev/priorty"]: no annotation of the mesh is called heddle.dev/priorty; did you mean heddle.dev/priority?',
      '200 v1',
    ],
    [
      'a policy that an older one contradicts',
      policy('bad', { retry: { numRetries: 9 } }),
      'spec.retry: BackendTrafficPolicy good, which is older, decides this for cart',
      '404',
    ],
    [
      'a policy for nobody',
      policy('bad', { targetRefs: [{ ...target, name: 'crt' }] }),
      'spec.targetRefs[0].name: Service default/crt does not exist; did you mean cart?',
      '404',
    ],
    [
      'a fault of a port that there is not',
      fault({ abort: { httpStatus: 503 }, targetRefs: [{ ...target, sectionName: 'admin' }] }),
      'spec.targetRefs[0].sectionName: Service default/cart has no port named admin',
      '404',
    ],
  ])('is reported, and changes nothing but what it says itself: %s', async (_what, document, remark, answer) => {
    const remarks = await apply(document);
    expect(remarks).toEqual(expect.arrayContaining([expect.stringContaining(remark)]));
    expect(await call('/bad')).toBe(answer);
    expect(await call('/good')).toBe('200 v1');
    expect(await call('/other')).toBe('404');
    await remove(document);
    expect(await call('/bad')).toBe('404');
  });

  it('loses the share of the backend that is not there, and no more', async () => {
    const document = bad({
      backendRefs: [
        { name: 'cart-v2', port: 80, weight: 3 },
        { name: 'nobody', port: 80, weight: 1 },
      ],
    });
    await apply(document);
    const answers = new Map<string, number>();
    for (let i = 0; i < 200; i++) {
      const answer = await call('/bad');
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      if (i % 20 === 0) expect(await call('/good')).toBe('200 v1');
    }
    expect([...answers.keys()].sort()).toEqual(['200 v2', '500']);
    // a quarter of 200 within five standard deviations, were each drawn for itself
    expect(answers.get('500')).toBeGreaterThan(18);
    expect(answers.get('500')).toBeLessThan(82);
    await remove(document);
  });

  it('takes no time from others for a pattern that would hold up a backtracking matcher', async () => {
    const document = pattern('/(a+)+b');
    expect(await apply(document)).toEqual([]);
    const startedMs = performance.now();
    expect(await call(`/${'a'.repeat(4000)}`)).toBe('404');
    expect(await call('/aaab')).toBe('200 v1');
    // backtracking would take more than the age of the universe
    expect(performance.now() - startedMs).toBeLessThan(5000);
    expect(await call('/good')).toBe('200 v1');
    await remove(document);
  });
});

describe('documents that contradict each other', () => {
  it('are told of when they come in one file, which says nothing wrong by itself', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'heddle-')), 'two.json');
    const targetRefs = [{ ...target, name: 'web' }];
    const two = ['one', 'two'].map((name, index) => policy(name, { targetRefs, retry: { numRetries: index + 1 } }));
    await writeFile(file, two.map((document) => JSON.stringify(document)).join('\n---\n'));
    const said: string[] = [];
    await applyFiles(mesh.api, file, { say: (line) => said.push(line) });
    expect(said.filter((line) => line.includes('warning'))).toEqual([
      expect.stringMatching(
        /two\.json:3:\d+ {2}warning {2}BackendTrafficPolicy one, which is older, decides this for web/,
      ),
    ]);
    expect(await call('/good')).toBe('200 v1');
    for (const document of two) await remove(document);
  });
});
