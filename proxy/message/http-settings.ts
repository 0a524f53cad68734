import type { PathNormalization } from './path-normalization.ts';
import { basePathNormalization } from './path-normalization.ts';

/**
 * How a listener speaks HTTP to its clients: what an `HttpConnectionManager` compiles to. Times in milliseconds, 0 meaning
 * no bound; names and defaults are Envoy's except where a default says why not.
 */
export interface HttpSettings {
  /** Null where paths are left as they come (Istio's mode NONE). */
  readonly pathNormalization: PathNormalization | null;
  /** Names with `_`, which many applications take for `-`. Default `allow`, as in Envoy. */
  readonly headersWithUnderscores: 'allow' | 'reject' | 'drop';
  /** `max_request_headers_kb`: request line and header lines together. Default 60 KiB. */
  readonly maxHeadBytes: number;
  /** `max_headers_count`. Default 100. */
  readonly maxHeaders: number;
  /** `request_headers_timeout`: from the first byte of a head to its last. Envoy has none; ours is 60 s, as Node's. */
  readonly requestHeadersTimeoutMs: number;
  /** `request_timeout`: from the first byte of a request to the last of its body. Default 0. */
  readonly requestTimeoutMs: number;
  /** `idle_timeout`: a connection without requests. Default one hour. */
  readonly idleTimeoutMs: number;
  /** `stream_idle_timeout`: a request on which nothing moves, unless its route says otherwise. Default 5 minutes. */
  readonly streamIdleTimeoutMs: number;
  /** `max_requests_per_connection`; the connection ends after as many. Default 0, no bound. */
  readonly maxRequestsPerConnection: number;
  /** `drain_timeout`: between the first and the last GOAWAY of HTTP/2. Default 5 s. */
  readonly drainTimeoutMs: number;
  /** `upgrade_configs`: protocols a request may change to, lower case. Default `websocket`, as Istio has it. */
  readonly upgrades: ReadonlySet<string>;
  /** `max_concurrent_streams` of HTTP/2. Default 1024. */
  readonly maxConcurrentStreams: number;
}

export const defaultHttpSettings: HttpSettings = Object.freeze({
  pathNormalization: basePathNormalization,
  headersWithUnderscores: 'allow',
  maxHeadBytes: 61_440,
  maxHeaders: 100,
  requestHeadersTimeoutMs: 60_000,
  requestTimeoutMs: 0,
  idleTimeoutMs: 3_600_000,
  streamIdleTimeoutMs: 300_000,
  maxRequestsPerConnection: 0,
  drainTimeoutMs: 5_000,
  upgrades: new Set(['websocket']),
  maxConcurrentStreams: 1_024,
});
