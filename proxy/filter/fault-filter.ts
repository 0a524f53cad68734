import type { RequestHead } from '../message-head.ts';
import { headerValue } from '../message-head.ts';
import { Deadline } from '../resilience/timer-wheel.ts';
import type { Activity } from '../telemetry/activity.ts';
import type { AnswerBandwidthEnvironment } from './answer-bandwidth.ts';
import { AnswerBandwidth } from './answer-bandwidth.ts';
import type { Fraction } from './fraction.ts';
import { boundedBy, isDrawn } from './fraction.ts';
import type {
  FilterAnswer,
  FilteredRequest,
  FilterPace,
  FilterVerdict,
  FilterWait,
  RequestFilter,
} from './request-filter.ts';
import { noBandwidth } from './shared-bandwidth.ts';

/** Faults for a share of the requests of a route. Percentages of the three are drawn one by one (Envoy). */
export interface FaultConfig {
  readonly delay: { readonly kind: 'fixed'; readonly ms: number; readonly share: Fraction } | HeaderFault | null;
  readonly abort:
    | { readonly kind: 'status'; readonly status: number; readonly share: Fraction }
    | { readonly kind: 'grpc'; readonly grpcStatus: number; readonly share: Fraction }
    | HeaderFault
    | null;
  /** Bytes a second of the answer's body, for each answer its own. */
  readonly responseRate:
    | { readonly kind: 'fixed'; readonly bytes: number; readonly share: Fraction }
    | HeaderFault
    | null;
  /** Only requests that fit all of them. */
  readonly headers: readonly { matches(head: RequestHead): boolean }[];
  /** Requests that may be held up, or whose answers may be slowed down, at one time; infinite for no bound. */
  readonly maxActive: number;
  /** Wall-clock time, in milliseconds since 1970, from which on there are no faults any more; infinite for never. */
  readonly untilMs: number;
  /** The document that asks for them, `FaultInjection/default/slow (faults.yaml:3)`. */
  readonly rule: string;
}

/** The request itself says which fault it wants; `share` is the most of them that can have it. */
export interface HeaderFault {
  readonly kind: 'header';
  readonly share: Fraction;
}

export interface FaultEnvironment extends AnswerBandwidthEnvironment {
  /** Of the whole sidecar. */
  readonly faults: FaultCounters;
  random(): number;
}

/** Counters; names as in Envoy's `http.<stat_prefix>.fault.`. */
export interface FaultCounters {
  delaysInjected: number;
  abortsInjected: number;
  /** Requests whose answer was to be slowed down, also where none has come or it has no body. */
  responseRlInjected: number;
  /** Requests that would have had a fault, were not `maxActive` of them active already. */
  faultsOverflow: number;
  /** Requests that are held up, or whose answers are slowed down, now. */
  activeFaults: number;
}

export function noFaults(): FaultCounters {
  return { delaysInjected: 0, abortsInjected: 0, responseRlInjected: 0, faultsOverflow: 0, activeFaults: 0 };
}

/**
 * Holds requests up, aborts them and slows their answers down, to see what callers make of it.
 *
 * It clears itself when its time is over, without being told: a sidecar that has lost its control plane must not go on
 * with the faults of yesterday.
 *
 * Source: Envoy `envoy.filters.http.fault`, documentation of the HTTP fault filter.
 */
export class FaultFilter implements RequestFilter {
  readonly #config: FaultConfig;
  readonly #environment: FaultEnvironment;
  readonly #injected: Activity;
  /** Envoy counts nothing of the bodies that it slows down. */
  readonly #uncounted = noBandwidth();
  #active = 0;

  /** `injected`: where requests with a fault of this rule are counted. */
  constructor(config: FaultConfig, environment: FaultEnvironment, injected: Activity) {
    this.#injected = injected;
    this.#config = config;
    this.#environment = environment;
  }

  onRequest({ head }: FilteredRequest): FilterVerdict {
    const { headers, untilMs, maxActive } = this.#config;
    if (this.#environment.wallClockMs() >= untilMs) return null;
    for (const matcher of headers) if (!matcher.matches(head)) return null;
    const delayMs = this.#delayMs(head);
    const abort = this.#abort(head);
    const responseRate = this.#responseRate(head);
    if (delayMs === 0 && abort === null && responseRate === 0) return null;
    const { faults } = this.#environment;
    if (this.#active >= maxActive) {
      faults.faultsOverflow++;
      return null;
    }
    this.#injected.count++;
    if (responseRate > 0) faults.responseRlInjected++;
    if (delayMs > 0) return this.#held(delayMs, abort, responseRate);
    if (abort === null) {
      this.#enter();
      return this.#pace(responseRate);
    }
    faults.abortsInjected++;
    return abort;
  }

  #enter(): void {
    this.#active++;
    this.#environment.faults.activeFaults++;
  }

  #leave(): void {
    this.#active--;
    this.#environment.faults.activeFaults--;
  }

  /** 0 is none. */
  #delayMs(head: RequestHead): number {
    const { delay } = this.#config;
    if (delay === null) return 0;
    const { random } = this.#environment;
    if (delay.kind === 'fixed') return isDrawn(delay.share, random) ? delay.ms : 0;
    const wanted = wholeNumber(head, 'x-envoy-fault-delay-request', 0, MAX_HEADER_DELAY_MS);
    if (wanted === null) return 0;
    return isDrawn(shareFor(head, 'x-envoy-fault-delay-request-percentage', delay.share), random) ? wanted : 0;
  }

  #abort(head: RequestHead): FilterAnswer | null {
    const { abort } = this.#config;
    if (abort === null) return null;
    const { random } = this.#environment;
    if (abort.kind !== 'header') {
      if (!isDrawn(abort.share, random)) return null;
      return abort.kind === 'status' ? this.#answer(abort.status, -1) : this.#answer(0, abort.grpcStatus);
    }
    const status = wholeNumber(head, 'x-envoy-fault-abort-request', 200, 599);
    const grpcStatus = wholeNumber(head, 'x-envoy-fault-abort-grpc-request', 0, 16);
    if (status === null && grpcStatus === null) return null;
    if (!isDrawn(shareFor(head, 'x-envoy-fault-abort-request-percentage', abort.share), random)) return null;
    return this.#answer(status ?? 0, grpcStatus ?? -1);
  }

  /** Bytes a second; 0 is none. */
  #responseRate(head: RequestHead): number {
    const { responseRate } = this.#config;
    if (responseRate === null) return 0;
    const { random } = this.#environment;
    if (responseRate.kind === 'fixed') return isDrawn(responseRate.share, random) ? responseRate.bytes : 0;
    const wanted = wholeNumber(head, 'x-envoy-fault-throughput-response', 1, MAX_HEADER_KIB);
    if (wanted === null) return 0;
    const share = shareFor(head, 'x-envoy-fault-throughput-response-percentage', responseRate.share);
    return isDrawn(share, random) ? wanted * 1024 : 0;
  }

  /** The request counts as active until it is over. */
  #pace(responseRate: number): FilterPace {
    return {
      kind: 'pace',
      request: null,
      response: {
        bandwidth: new AnswerBandwidth(responseRate, this.#config.untilMs, this.#environment),
        counters: this.#uncounted,
      },
      trailerPrefix: null,
      release: () => this.#leave(),
    };
  }

  #answer(status: number, grpcStatus: number): FilterAnswer {
    const { rule } = this.#config;
    return {
      kind: 'answer',
      failure: 'faultAbort',
      status: status === 0 ? httpStatusOfGrpc(grpcStatus) : status,
      grpcStatus,
      detail: '',
      lines: '',
      rule,
    };
  }

  #held(delayMs: number, abort: FilterAnswer | null, responseRate: number): FilterWait {
    const { wheel, faults } = this.#environment;
    return {
      kind: 'wait',
      failure: 'faultDelay',
      start: (resume) => {
        this.#enter();
        faults.delaysInjected++;
        const deadline = new Deadline(() => {
          if (abort === null && responseRate > 0) {
            resume(this.#pace(responseRate));
            return;
          }
          this.#leave();
          if (abort !== null) faults.abortsInjected++;
          resume(abort);
        });
        wheel.arm(deadline, delayMs);
        return () => {
          if (!deadline.isArmed) return;
          wheel.cancel(deadline);
          this.#leave();
        };
      },
    };
  }
}

/** Nobody can hold a request up for longer by a header of theirs: what they hold is our memory. */
const MAX_HEADER_DELAY_MS = 300_000;
/** KiB a second; as a number of nine digits, which no answer reaches. */
const MAX_HEADER_KIB = 999_999_999;

/** A header's whole number within bounds; null where it is not there or is none. */
function wholeNumber(head: RequestHead, name: string, min: number, max: number): number | null {
  const text = headerValue(head.block, name);
  if (text === null || !/^\d{1,9}$/.test(text)) return null;
  const number = Number(text);
  return number >= min && number <= max ? number : null;
}

/** A request may ask for a smaller share than the route allows, never for a larger one. */
function shareFor(head: RequestHead, name: string, limit: Fraction): Fraction {
  const wanted = wholeNumber(head, name, 0, limit.denominator);
  return wanted === null ? limit : boundedBy(limit, wanted);
}

/** What a client that does not speak gRPC is told for a status of it (gRPC, "HTTP to gRPC status code mapping", turned round). */
function httpStatusOfGrpc(grpcStatus: number): number {
  return httpStatuses[grpcStatus] ?? 500;
}

const httpStatuses: readonly number[] = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401,
];
