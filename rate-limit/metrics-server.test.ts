import { credentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { clientOf } from '../proto/client.ts';
import type { CounterStore } from './counter-store.ts';
import { StoreError } from './counter-store.ts';
import { MemoryStore } from './memory-store.ts';
import { RateLimitMetrics, startMetricsServer } from './metrics-server.ts';
import { startRateLimitServer } from './server.ts';

const closers: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(store: CounterStore) {
  const metrics = new RateLimitMetrics();
  const server = await startRateLimitServer({ host: '127.0.0.1', port: 0, store, metrics });
  const page = await startMetricsServer(metrics, { host: '127.0.0.1', port: 0 });
  const client = new (clientOf('envoy.service.ratelimit.v3.RateLimitService'))(
    server.address,
    credentials.createInsecure(),
  );
  closers.push(server.close, page.close, () => client.close());
  const ask = (domain: string) =>
    new Promise<void>((resolve) => {
      const limit = { requests_per_unit: 1, unit: 'YEAR' } as const;
      const descriptors = [{ entries: [{ key: 'caller', value: 'web' }], limit }];
      client.ShouldRateLimit({ domain, descriptors }, () => resolve());
    });
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${page.port}${path}`, { method });
  return { ask, get };
}

describe('the metrics of the rate limit server', () => {
  it('count questions by how they were answered', async () => {
    const { ask, get } = await serve(new MemoryStore(() => 0));
    for (const domain of ['a', 'a', 'a', '']) await ask(domain);
    const answer = await get('/metrics');
    expect(answer.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await answer.text();
    for (const line of ['{code="ok"} 1', '{code="over_limit"} 2', '{code="refused"} 1', '{code="store_error"} 0']) {
      expect(text).toContain(`heddle_ratelimit_answers_total${line}\n`);
    }
    expect(text).toContain('heddle_ratelimit_descriptors_total 4\n');
  });

  it('tell a store that is away from questions that make no sense', async () => {
    const { ask, get } = await serve({ add: () => Promise.reject(new StoreError('away')), close: async () => {} });
    await ask('a');
    expect(await (await get('/metrics')).text()).toContain('{code="store_error"} 1\n');
  });

  it('stand beside /healthz, and nothing else is there', async () => {
    const { get } = await serve(new MemoryStore(() => 0));
    expect(await (await get('/healthz')).text()).toBe('ok\n');
    expect([(await get('/')).status, (await get('/metrics', 'POST')).status]).toEqual([404, 405]);
  });
});
