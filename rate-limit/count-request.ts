import { createHash } from 'node:crypto';
import type { Input, Output } from '../proto/load.ts';
import type { Asker } from './asker.ts';
import { namespaceOfService } from './asker.ts';
import type { CounterStore, Hit } from './counter-store.ts';

type RateLimitRequest = Output<'envoy.service.ratelimit.v3.RateLimitRequest'>;
type Descriptor = RateLimitRequest['descriptors'][number];
type RateLimitResponse = Input<'envoy.service.ratelimit.v3.RateLimitResponse'>;
type DescriptorStatus = NonNullable<RateLimitResponse['statuses']>[number];

/** Seconds of a unit; a month has 30 days and a year 365, as for envoyproxy/ratelimit. */
const unitSeconds = {
  SECOND: 1,
  MINUTE: 60,
  HOUR: 3600,
  DAY: 86_400,
  MONTH: 2_592_000,
  YEAR: 31_536_000,
} as const;

type Unit = keyof typeof unitSeconds;

interface Limit {
  readonly requests: number;
  readonly unit: Unit;
}

/** As many as a sidecar has rules. */
const MAX_DESCRIPTORS = 1024;
const MAX_ENTRIES = 64;
/** Longer names of counts are kept as their hash. */
const MAX_KEY_LENGTH = 256;

/** A question that has no answer; the message says why to the one who asked. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';
}

/** A question that is not for the one who asks; the message says why. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError';
}

/**
 * Counts a request and tells whether it is within the limits that its descriptors carry. A descriptor without a limit is
 * not counted, and is within. What is refused is counted as well.
 *
 * A descriptor that begins with the entry `service`, as those of our sidecars do, is counted for sidecars of that service's
 * namespace alone: nobody uses up what belongs to others.
 *
 * A window begins where the time since 1970 is a multiple of its unit, so that all servers have the same windows.
 *
 * Source: envoyproxy/ratelimit, "fixed window"; `RateLimitDescriptor.limit`.
 */
export async function countRequest(
  { domain, descriptors, hits_addend: addend }: RateLimitRequest,
  store: CounterStore,
  nowMs: number,
  asker: Asker,
): Promise<RateLimitResponse> {
  if (domain === '') throw new QuestionError('domain is empty');
  if (descriptors.length === 0) throw new QuestionError('descriptors is empty');
  if (descriptors.length > MAX_DESCRIPTORS) throw new QuestionError(`more than ${MAX_DESCRIPTORS} descriptors`);
  const limits = descriptors.map(limitOf);
  for (const { entries } of descriptors) refuseStrangers(entries, asker);
  const hits = limits.flatMap((limit, index) =>
    limit === null ? [] : [hitOf(domain, descriptors[index] as Descriptor, limit, addend, nowMs)],
  );
  const counts = (await store.add(hits, asker.id)).values();
  const statuses = limits.map((limit): DescriptorStatus => {
    if (limit === null) return { code: 'OK' };
    return statusOf(limit, counts.next().value ?? 0, nowMs); // a count for each limit
  });
  return { overall_code: statuses.some(({ code }) => code === 'OVER_LIMIT') ? 'OVER_LIMIT' : 'OK', statuses };
}

function refuseStrangers([first]: Descriptor['entries'], { id, namespace }: Asker): void {
  if (id === '' || first?.key !== 'service') return;
  const owner = namespaceOfService(first.value);
  if (owner !== namespace) throw new ForbiddenError(`${id} may not count for ${first.value.slice(0, 300)}`);
}

function limitOf({ entries, limit }: Descriptor): Limit | null {
  if (entries.length === 0) throw new QuestionError('a descriptor has no entries');
  if (entries.length > MAX_ENTRIES) throw new QuestionError(`a descriptor has more than ${MAX_ENTRIES} entries`);
  if (limit === null) return null;
  if (!(limit.unit in unitSeconds)) throw new QuestionError('a limit has no unit');
  return { requests: limit.requests_per_unit, unit: limit.unit as Unit };
}

/** What one request may count for, by its descriptor (Envoy). */
const MAX_HITS = 1_000_000_000;

/** `addend` is the question's, of which zero is one; that of a descriptor may be zero, which counts nothing. */
function hitOf(domain: string, descriptor: Descriptor, { unit }: Limit, addend: number, nowMs: number): Hit {
  const { entries, hits_addend: own } = descriptor;
  const hits = own === null ? addend || 1 : Math.min(Number(own.value), MAX_HITS);
  const ttlSeconds = unitSeconds[unit];
  const name = JSON.stringify([domain, unit, ...entries.map(({ key, value }) => [key, value])]);
  const short = name.length > MAX_KEY_LENGTH ? createHash('sha256').update(name).digest('hex') : name;
  return { key: `heddle:${short}:${Math.floor(nowMs / 1000 / ttlSeconds)}`, hits, ttlSeconds };
}

function statusOf({ requests, unit }: Limit, count: number, nowMs: number): DescriptorStatus {
  const unitMs = unitSeconds[unit] * 1000;
  const leftMs = unitMs - (nowMs % unitMs);
  return {
    code: count > requests ? 'OVER_LIMIT' : 'OK',
    current_limit: { requests_per_unit: requests, unit },
    limit_remaining: Math.max(0, requests - count),
    duration_until_reset: { seconds: String(Math.floor(leftMs / 1000)), nanos: Math.floor(leftMs % 1000) * 1_000_000 },
  };
}
