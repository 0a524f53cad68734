import { durationToMs } from '../../proto/duration.ts';
import type { Input, Output } from '../../proto/load.ts';
import { HeaderMutation, headerChangeFaults } from './header-mutation.ts';
import type { OverLimitMemory } from './over-limit-memory.ts';
import type { DescriptorRule } from './rate-limit-descriptor.ts';
import { valuesOf } from './rate-limit-descriptor.ts';
import type { FilterAnswer, FilterEdit, FilteredRequest, FilterVerdict, RequestFilter } from './request-filter.ts';

export type RateLimitQuestion = Input<'envoy.service.ratelimit.v3.RateLimitRequest'>;
export type RateLimitAnswer = Output<'envoy.service.ratelimit.v3.RateLimitResponse'>;

/** Whoever counts for many sidecars. */
export interface RateLimitService {
  /**
   * `onAnswer` is called once, never within this call; null is no answer, and `why` says why. What is returned withdraws
   * the question.
   */
  ask(question: RateLimitQuestion, onAnswer: (answer: RateLimitAnswer | null, why: string) => void): () => void;
}

/** What a descriptor is made of, and the limit that it carries; null leaves that to the service. */
export interface GlobalLimit {
  readonly rule: DescriptorRule;
  readonly rate: { readonly requests: number; readonly unit: RateUnit } | null;
  /** What one request counts for; 0 asks and counts nothing. */
  readonly hits: number;
  /** Who asks for it, in words, for the answer; '' where nobody said. */
  readonly origin: string;
}

export type RateUnit = 'SECOND' | 'MINUTE' | 'HOUR' | 'DAY' | 'MONTH' | 'YEAR';

export interface GlobalRateLimitConfig {
  readonly domain: string;
  readonly limits: readonly GlobalLimit[];
  /** Answer 500 where the service does not answer, and do not let the request go on. */
  readonly denyOnFailure: boolean;
  /** gRPC status of a call that is refused: 8 RESOURCE_EXHAUSTED, or 14 UNAVAILABLE. */
  readonly grpcStatus: number;
}

/** Counters; names as in Envoy's `cluster.<name>.ratelimit.`. */
export interface GlobalRateLimitCounters {
  ok: number;
  overLimit: number;
  error: number;
  failureModeAllowed: number;
}

export interface GlobalRateLimitEnvironment {
  /** Of the whole sidecar. */
  readonly globalRateLimits: GlobalRateLimitCounters;
  readonly overLimit: OverLimitMemory;
  /** Monotonic milliseconds. */
  now(): number;
}

/** One descriptor of a request, and the name under which it is remembered. */
interface Descriptor {
  readonly key: string;
  readonly origin: string;
  readonly message: NonNullable<RateLimitQuestion['descriptors']>[number];
}

/**
 * Refuses requests beyond a rate that all instances of a service have together: makes each wait until the rate limit service
 * has counted it. A question that is not answered in time lets its request go on, unless `denyOnFailure` says otherwise, or an
 * answer to another request has come meanwhile that says that the limit is reached.
 *
 * Source: Envoy `envoy.filters.http.ratelimit`; headers: draft-ietf-httpapi-ratelimit-headers-03.
 */
export class GlobalRateLimit implements RequestFilter {
  readonly #config: GlobalRateLimitConfig;
  readonly #service: RateLimitService;
  readonly #environment: GlobalRateLimitEnvironment;

  constructor(config: GlobalRateLimitConfig, service: RateLimitService, environment: GlobalRateLimitEnvironment) {
    this.#config = config;
    this.#service = service;
    this.#environment = environment;
  }

  onRequest(request: FilteredRequest): FilterVerdict {
    const descriptors = this.#descriptorsOf(request);
    if (descriptors.length === 0) return null;
    return (
      this.#knownOverLimit(descriptors) ?? {
        kind: 'wait',
        failure: null,
        start: (resume) => this.#ask(descriptors, resume),
      }
    );
  }

  /** Refuses a request about which nobody needs to be asked. */
  #knownOverLimit(descriptors: readonly Descriptor[]): FilterAnswer | null {
    const { overLimit, globalRateLimits } = this.#environment;
    const nowMs = this.#environment.now();
    for (const { key, origin, message } of descriptors) {
      const leftMs = overLimit.leftMs(key, nowMs);
      if (leftMs === 0) continue;
      globalRateLimits.overLimit++;
      return this.#refusal(message.limit?.requests_per_unit ?? 0, message.limit?.unit ?? '', leftMs, '', origin);
    }
    return null;
  }

  #descriptorsOf(request: FilteredRequest): readonly Descriptor[] {
    const { domain, limits } = this.#config;
    const found: Descriptor[] = [];
    for (const { rule, rate, hits, origin } of limits) {
      const values = valuesOf(rule, request);
      if (values === null) continue;
      const entries = rule.map(({ key }, index) => ({ key, value: values[index] as string })); // a value for each source
      found.push({
        key: JSON.stringify([domain, rate, entries]),
        origin,
        message: {
          entries,
          limit: rate === null ? null : { requests_per_unit: rate.requests, unit: rate.unit },
          ...(hits !== 1 && { hits_addend: { value: `${hits}` } }),
        },
      });
    }
    return found;
  }

  #ask(descriptors: readonly Descriptor[], resume: (verdict: FilterAnswer | FilterEdit | null) => void): () => void {
    const question = { domain: this.#config.domain, descriptors: descriptors.map(({ message }) => message) };
    return this.#service.ask(question, (answer, why) => {
      const counters = this.#environment.globalRateLimits;
      // a burst must not get past its limit because the service cannot answer all of it in time
      if (answer === null || answer.overall_code === 'UNKNOWN') {
        resume(this.#knownOverLimit(descriptors) ?? this.#unanswered(why, descriptors[0]?.origin ?? ''));
      } else if (answer.overall_code === 'OVER_LIMIT') {
        counters.overLimit++;
        resume(this.#overLimit(descriptors, answer));
      } else {
        counters.ok++;
        resume(editOf(answer));
      }
    });
  }

  #unanswered(why: string, rule: string): FilterAnswer | null {
    const counters = this.#environment.globalRateLimits;
    counters.error++;
    if (!this.#config.denyOnFailure) {
      counters.failureModeAllowed++;
      return null;
    }
    return {
      kind: 'answer',
      failure: 'rateLimitError',
      status: 0,
      grpcStatus: -1,
      detail: why,
      lines: '',
      rule,
    };
  }

  /** The client is told of the window that ends last: before that there is no use in coming again. */
  #overLimit(descriptors: readonly Descriptor[], answer: RateLimitAnswer): FilterAnswer {
    const nowMs = this.#environment.now();
    let last = { requests: 0, unit: '', leftMs: 0, origin: '' };
    for (const [index, { code, current_limit: limit, duration_until_reset: reset }] of answer.statuses.entries()) {
      const descriptor = descriptors[index];
      if (code !== 'OVER_LIMIT' || descriptor === undefined) continue;
      const leftMs = reset === null ? 0 : durationToMs(reset);
      if (leftMs > 0) this.#environment.overLimit.remember(descriptor.key, nowMs + leftMs);
      if (leftMs >= last.leftMs) {
        last = {
          requests: limit?.requests_per_unit ?? 0,
          unit: String(limit?.unit ?? ''),
          leftMs,
          origin: descriptor.origin,
        };
      }
    }
    return this.#refusal(last.requests, last.unit, last.leftMs, mutationOf(answer)?.apply('') ?? '', last.origin);
  }

  #refusal(requests: number, unit: number | string, leftMs: number, lines: string, rule: string): FilterAnswer {
    const waitSeconds = Math.max(1, Math.ceil(leftMs / 1000));
    const window =
      requests === 0
        ? ''
        : `retry-after: ${waitSeconds}\r\nx-ratelimit-limit: ${requests}\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: ${waitSeconds}\r\n`;
    return {
      kind: 'answer',
      failure: 'rateLimitedGlobally',
      status: 0,
      grpcStatus: this.#config.grpcStatus,
      detail: requests === 0 ? '' : `${requests} requests each ${String(unit).toLowerCase()}, over all instances`,
      lines: `x-envoy-ratelimited: true\r\n${window}${lines}`,
      rule,
    };
  }
}

/** Headers that one answer may add; more of them, and such as no answer may have, are left out together. */
const MAX_HEADERS = 32;

function mutationOf({ response_headers_to_add: headers }: RateLimitAnswer): HeaderMutation | null {
  if (headers.length === 0 || headers.length > MAX_HEADERS) return null;
  const changes = { set: [], add: headers.map(({ key, value }) => [key, value] as const), remove: [] };
  return headerChangeFaults(changes).length === 0 ? new HeaderMutation(changes) : null;
}

function editOf(answer: RateLimitAnswer): FilterEdit | null {
  const edit = mutationOf(answer);
  return edit === null ? null : { kind: 'edit', edit };
}
