import type { Buffer } from 'node:buffer';

/** Envoy `core.v3.HealthCheck`. Times in milliseconds. */
export interface HealthCheckSettings {
  /** A check that is not answered by then has failed. */
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** Up to this much is added to each interval: an absolute time, and a share of the interval. Default 0. */
  readonly intervalJitterMs: number;
  readonly intervalJitterPercent: number;
  /** The first check of an endpoint waits up to this long. Default 0. */
  readonly initialJitterMs: number;
  /** Interval while nobody has called the cluster yet. Default 60 000. */
  readonly noTrafficIntervalMs: number;
  /** The same for endpoints that are well. Default as the one before. */
  readonly noTrafficHealthyIntervalMs: number;
  /** After a failed check. Default as the interval. */
  readonly unhealthyIntervalMs: number;
  /** After a failed check that did not decide yet. Default as the one before. */
  readonly unhealthyEdgeIntervalMs: number;
  /** After a good check that did not decide yet. Default as the interval. */
  readonly healthyEdgeIntervalMs: number;
  /** Checks without an answer in a row that condemn an endpoint. A wrong answer does at once. */
  readonly unhealthyThreshold: number;
  /** Good checks in a row that acquit it. The first check of all decides alone. */
  readonly healthyThreshold: number;
  /** A connection serves many checks. Default true. */
  readonly reusesConnection: boolean;
  readonly check: HttpCheck | TcpCheck | GrpcCheck;
}

/** Start is inside, end is not. */
export interface StatusRange {
  readonly start: number;
  readonly end: number;
}

export interface HttpCheck {
  readonly kind: 'http';
  /** `Host` of the request. */
  readonly host: string;
  readonly path: string;
  /** Default GET. */
  readonly method: string;
  readonly protocol: 'http1' | 'http2';
  /** Default 200 alone. */
  readonly expectedStatuses: readonly StatusRange[];
  /** Wrong answers that condemn an endpoint only after as many as `unhealthyThreshold`. Default none. */
  readonly retriableStatuses: readonly StatusRange[];
  /** What the body has to hold, one after the other. */
  readonly receive: readonly Buffer[];
  /** Bytes of the body that are looked at. Default 1024. */
  readonly maxBodyBytes: number;
}

export interface TcpCheck {
  readonly kind: 'tcp';
  /** Null: that a connection can be made is enough. */
  readonly send: Buffer | null;
  /** What the answer has to hold, one after the other. */
  readonly receive: readonly Buffer[];
}

/** `grpc.health.v1.Health/Check`. */
export interface GrpcCheck {
  readonly kind: 'grpc';
  /** Empty asks about the server as a whole. */
  readonly service: string;
  readonly authority: string;
}
