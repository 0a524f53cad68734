import { describe, expect, it } from 'vitest';
import type { DescribedService, ServiceStat } from '../../control-plane/api/client.ts';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import type { ServicesOf } from './known-service.ts';
import {
  describedOrNull,
  knownService,
  membersOf,
  namespaceFlag,
  requirePort,
  requireVersions,
  serviceToChange,
} from './known-service.ts';

const cart = {
  namespace: 'default',
  name: 'cart',
  source: null,
  versions: [
    { version: 'v1', instances: 2 },
    { version: 'v2', instances: 0 },
  ],
  ports: [{ port: 80 }, { port: 8081 }],
} as unknown as DescribedService;
const api = { namespace: 'default', name: 'api', source: { document: 'ExternalService/default/api' } };

/** A mesh in which `cart` and `api` are in default, `db` in shop, and where a Service `cart-canary` stands for a version. */
const client: ServicesOf = {
  async service(namespace, name) {
    const found = namespace === 'default' && { cart, api, 'cart-canary': cart }[name];
    if (!found) {
      throw Object.assign(new Error(`there is no service ${name} in namespace ${namespace}`), { reason: 'NotFound' });
    }
    return found as DescribedService;
  },
  async stat() {
    return [
      { namespace: 'default', service: 'cart' },
      { namespace: 'shop', service: 'db' },
    ] as ServiceStat[];
  },
};
const commandFor = (service: string, namespace: string) => `heddle limit ${service} …${namespaceFlag(namespace)}`;

describe('knownService', () => {
  it.each([
    ['crat', 'default', 'heddle limit cart …'],
    ['cart-v1', 'default', 'heddle limit cart …'],
    ['db', 'default', 'heddle limit db … -n shop'],
    ['cart', 'shop', 'heddle limit cart …'],
    ['something-else', 'default', 'heddle stat'],
  ])('%s in %s: is told what was meant', async (name, namespace, hint) => {
    await expect(knownService(client, name, { namespace }, commandFor)).rejects.toMatchObject({
      message: `there is no service ${name} in namespace ${namespace}`,
      hint,
      exitCode: 3,
    });
  });

  it('finds what is there, in the mesh or outside', async () => {
    expect(await knownService(client, 'cart', { namespace: 'default' }, commandFor)).toBe(cart);
    expect(await knownService(client, 'api', { namespace: 'default' }, commandFor)).toBe(api);
  });
});

describe('serviceToChange', () => {
  it('leaves what is outside the mesh to documents', async () => {
    expect(await serviceToChange(client, 'cart', 'default', commandFor)).toBe(cart);
    await expect(serviceToChange(client, 'api', 'default', commandFor)).rejects.toMatchObject({
      message: expect.stringContaining('api is outside the mesh'),
      hint: expect.stringContaining('kind: ExternalService, name: api'),
    });
  });
});

describe('requireVersions', () => {
  it.each([
    ['a version without instances, which ran until lately', { v1: 90, v2: 10 }],
    ['one that a Service stands for', { canary: 1 }],
    ['an unknown one that gets nothing', { v1: 1, v3: 0 }],
  ])('takes %s', async (_, shares) => {
    await requireVersions(client, cart, new Map(Object.entries(shares)));
  });

  it('refuses one whose requests would fail', async () => {
    await expect(requireVersions(client, cart, new Map([['v3', 1]]))).rejects.toMatchObject({
      message: 'cart has no version v3: its requests would fail',
      hint: 'heddle route cart v1=… v2=…',
    });
  });
});

it('requirePort says which ports there are', () => {
  requirePort(cart, 8081);
  expect(() => requirePort(cart, 81)).toThrow('cart has no port 81; it has 80, 8081');
});

describe('describedOrNull', () => {
  it('is null for what is not there, and fails for another reason', async () => {
    expect(await describedOrNull(client, 'default', 'cart')).toBe(cart);
    expect(await describedOrNull(client, 'default', 'crat')).toBeNull();
    const broken = { service: () => Promise.reject(new Error('no connection')) };
    await expect(describedOrNull(broken, 'default', 'cart')).rejects.toThrow('no connection');
  });
});

describe('membersOf', () => {
  it('are all that call or are called: running, declared or heard of', async () => {
    const metadata = (name: string, more = {}) => ({ metadata: { name, namespace: 'default', ...more } });
    const items: Record<string, unknown[]> = {
      Workload: [
        { kind: 'Workload', ...metadata('web-1'), spec: { service: 'web' } },
        { kind: 'Workload', ...metadata('job-1', { labels: { app: 'job' } }), spec: {} },
      ],
      Service: [{ kind: 'Service', ...metadata('db') }],
      ExternalService: [{ kind: 'ExternalService', ...metadata('pay') }],
    };
    const members = await membersOf({
      list: async ({ kind }) => ({ resourceVersion: '1', items: (items[kind] ?? []) as ModelDocument[] }),
      stat: async () => [{ namespace: 'shop', service: 'cart' }] as ServiceStat[],
    });
    expect(members.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
      'default/web',
      'default/job',
      'default/db',
      'default/pay',
      'shop/cart',
    ]);
  });
});
