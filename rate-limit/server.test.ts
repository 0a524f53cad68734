import { credentials, Metadata, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { clientOf } from '../proto/client.ts';
import type { Input, Output } from '../proto/load.ts';
import type { CounterStore } from './counter-store.ts';
import { StoreError } from './counter-store.ts';
import { MemoryStore } from './memory-store.ts';
import type { RunningRateLimitServer } from './server.ts';
import { startRateLimitServer } from './server.ts';

type Question = Input<'envoy.service.ratelimit.v3.RateLimitRequest'>;
type Answer = Output<'envoy.service.ratelimit.v3.RateLimitResponse'>;

/** A quarter past an hour. */
const START_MS = Date.UTC(2026, 0, 1, 12, 15, 0, 250);
const Client = clientOf('envoy.service.ratelimit.v3.RateLimitService');

let nowMs = START_MS;
let server: RunningRateLimitServer;
let client: InstanceType<typeof Client>;

async function serve(store: CounterStore = new MemoryStore(() => nowMs)): Promise<void> {
  nowMs = START_MS;
  server = await startRateLimitServer({ host: '127.0.0.1', port: 0, store, now: () => nowMs });
  client = new Client(server.address, credentials.createInsecure());
}

afterEach(async () => {
  client.close();
  await server.close();
});

/** `by` is the SPIFFE id that a sidecar in front of the server has proven; empty for none. */
function ask(question: Question, by = ''): Promise<Answer> {
  const metadata = new Metadata();
  if (by !== '') metadata.set('x-forwarded-client-cert', `By=spiffe://x/ns/a/sa/ratelimit;Hash=ab;URI=${by}`);
  return new Promise((resolve, reject) => {
    client.ShouldRateLimit(question, metadata, (error, answer) =>
      error === null ? resolve(answer as Answer) : reject(error),
    );
  });
}

const limited = (value: string, requests: number, unit: 'SECOND' | 'MINUTE' | 'HOUR' = 'MINUTE') => ({
  entries: [{ key: 'caller', value }],
  limit: { requests_per_unit: requests, unit },
});
const codes = ({ overall_code, statuses }: Answer) => [overall_code, ...statuses.map(({ code }) => code)];

describe('the rate limit server', () => {
  it('lets as many through as a descriptor says, in each window anew', async () => {
    await serve();
    const question = { domain: 'd', descriptors: [limited('web', 2)] };
    const answers = [await ask(question), await ask(question), await ask(question)];
    expect(answers.map(({ overall_code }) => overall_code)).toEqual(['OK', 'OK', 'OVER_LIMIT']);
    expect(answers.map(({ statuses }) => statuses[0]?.limit_remaining)).toEqual([1, 0, 0]);
    expect(answers[2]?.statuses[0]).toMatchObject({
      current_limit: { requests_per_unit: 2, unit: 'MINUTE' },
      duration_until_reset: { seconds: '59', nanos: 750_000_000 },
    });
    nowMs += 60_000;
    expect((await ask(question)).overall_code).toBe('OK');
  });

  it('refuses a request when one of its descriptors is over its limit, and counts it for all', async () => {
    await serve();
    const both = { domain: 'd', descriptors: [limited('web', 1), limited('all', 3)] };
    expect(codes(await ask(both))).toEqual(['OK', 'OK', 'OK']);
    expect(codes(await ask(both))).toEqual(['OVER_LIMIT', 'OVER_LIMIT', 'OK']);
    expect((await ask({ domain: 'd', descriptors: [limited('all', 3)] })).statuses[0]?.limit_remaining).toBe(0);
  });

  it('tells domains, values, units and orders of entries apart', async () => {
    await serve();
    await ask({ domain: 'd', descriptors: [limited('web', 1)] });
    expect(codes(await ask({ domain: 'e', descriptors: [limited('web', 1)] }))).toEqual(['OK', 'OK']);
    expect(codes(await ask({ domain: 'd', descriptors: [limited('batch', 1)] }))).toEqual(['OK', 'OK']);
    expect(codes(await ask({ domain: 'd', descriptors: [limited('web', 1, 'HOUR')] }))).toEqual(['OK', 'OK']);
    expect(codes(await ask({ domain: 'd', descriptors: [limited('web', 1)] }))).toEqual(['OVER_LIMIT', 'OVER_LIMIT']);
  });

  it('goes on counting where it was when a limit has changed', async () => {
    await serve();
    for (let i = 0; i < 3; i++) await ask({ domain: 'd', descriptors: [limited('web', 10)] });
    expect(codes(await ask({ domain: 'd', descriptors: [limited('web', 3)] }))[0]).toBe('OVER_LIMIT');
  });

  it('counts a request for as many as it says', async () => {
    await serve();
    const question = { domain: 'd', descriptors: [limited('web', 10)], hits_addend: 6 };
    expect((await ask(question)).statuses[0]?.limit_remaining).toBe(4);
    expect((await ask(question)).overall_code).toBe('OVER_LIMIT');
  });

  it('counts a descriptor for as many as it says, whatever the question says, and none where it only asks', async () => {
    await serve();
    const descriptor = (hits: string) => ({ ...limited('web', 10), hits_addend: { value: hits } });
    const left = async (hits: string) => {
      const answer = await ask({ domain: 'd', descriptors: [descriptor(hits), limited('all', 100)], hits_addend: 2 });
      return answer.statuses.map(({ limit_remaining: remaining }) => remaining);
    };
    expect(await left('4')).toEqual([6, 98]);
    expect(await left('0')).toEqual([6, 96]);
    expect(await left('6')).toEqual([0, 94]);
    expect((await ask({ domain: 'd', descriptors: [descriptor('0')] })).overall_code).toBe('OK');
    expect((await ask({ domain: 'd', descriptors: [descriptor('18446744073709551615')] })).overall_code).toBe(
      'OVER_LIMIT',
    );
  });

  it('has no limit for a descriptor that carries none', async () => {
    await serve();
    const answer = await ask({
      domain: 'd',
      descriptors: [{ entries: [{ key: 'a', value: 'b' }] }, limited('web', 1)],
    });
    expect(codes(answer)).toEqual(['OK', 'OK', 'OK']);
    expect(answer.statuses[0]?.current_limit).toBeNull();
  });

  it('counts for a service only what sidecars of its namespace ask', async () => {
    await serve();
    const descriptor = {
      entries: [{ key: 'service', value: 'cart.shop.svc.cluster.local:80' }],
      limit: { requests_per_unit: 5, unit: 'HOUR' as const },
    };
    const question = { domain: 'd', descriptors: [limited('web', 9), descriptor] };
    await expect(ask(question, 'spiffe://cluster.local/ns/other/sa/cart')).rejects.toMatchObject({
      code: status.PERMISSION_DENIED,
    });
    const answers = [await ask(question, 'spiffe://cluster.local/ns/shop/sa/cart'), await ask(question)];
    expect(answers.map(({ statuses }) => statuses[1]?.limit_remaining)).toEqual([4, 3]);
    // whoever names no service has counts of its own
    expect(codes(await ask({ domain: 'd', descriptors: [limited('web', 9)] }, 'spiffe://x/ns/other/sa/a'))[0]).toBe(
      'OK',
    );
  });

  it('answers the largest question that a policy can make', async () => {
    await serve();
    const entries = Array.from({ length: 21 }, (_, index) => ({ key: `value${index}`, value: '\xff'.repeat(256) }));
    const descriptor = { entries, limit: { requests_per_unit: 1, unit: 'HOUR' as const } };
    const question = { domain: 'heddle', descriptors: Array(64).fill(descriptor) };
    expect((await ask(question)).overall_code).toBe('OVER_LIMIT');
  });

  it('keeps no long value as it is', async () => {
    const keys: string[] = [];
    await serve({
      add: async (hits) => {
        keys.push(...hits.map(({ key }) => key));
        return hits.map(() => 1);
      },
      close: async () => {},
    });
    await ask({ domain: 'd', descriptors: [limited('x'.repeat(10_000), 1), limited('y'.repeat(10_000), 1)] });
    expect(new Set(keys).size).toBe(2);
    expect(Math.max(...keys.map((key) => key.length))).toBeLessThan(300);
  });

  it.each<[string, Question, number]>([
    ['without a domain', { descriptors: [limited('web', 1)] }, status.INVALID_ARGUMENT],
    ['without descriptors', { domain: 'd' }, status.INVALID_ARGUMENT],
    ['with an empty descriptor', { domain: 'd', descriptors: [{}] }, status.INVALID_ARGUMENT],
    [
      'with a limit without a unit',
      { domain: 'd', descriptors: [{ entries: [{ key: 'a', value: 'b' }], limit: { requests_per_unit: 1 } }] },
      status.INVALID_ARGUMENT,
    ],
    ['with too many', { domain: 'd', descriptors: Array(1025).fill(limited('web', 1)) }, status.INVALID_ARGUMENT],
    [
      'that is too large',
      { domain: 'd'.repeat(3_000_000), descriptors: [limited('web', 1)] },
      status.RESOURCE_EXHAUSTED,
    ],
  ])('refuses a question %s', async (_name, question, code) => {
    await serve();
    await expect(ask(question)).rejects.toMatchObject({ code });
  });

  it('says that it cannot count, and does not guess', async () => {
    await serve({ add: () => Promise.reject(new StoreError('no Redis: gone')), close: async () => {} });
    await expect(ask({ domain: 'd', descriptors: [limited('web', 1)] })).rejects.toMatchObject({
      code: status.UNAVAILABLE,
      details: 'no Redis: gone',
    });
  });
});
