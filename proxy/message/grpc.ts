import { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import { failures } from '../failure.ts';
import { headerValue } from '../message-head.ts';

/** The codes of gRPC are 0 to 16; what a peer sends beyond them is UNKNOWN. */
const HIGHEST_STATUS = 16;
const UNKNOWN = 2;

/**
 * `grpc-status` of a block of header lines, the trailers of an answer or its only head; -1 when there is none.
 *
 * Source: gRPC over HTTP2, "Responses".
 */
export function grpcStatusIn(block: string): number {
  const value = headerValue(block, 'grpc-status');
  if (value === null) return -1;
  if (value === '0') return 0; // most calls
  const status = /^[0-9]{1,2}$/.test(value) ? Number(value) : UNKNOWN;
  return status <= HIGHEST_STATUS ? status : UNKNOWN;
}

/**
 * Milliseconds that the caller still gives its call; 0 when it does not say, or says it in a way that is not gRPC's. Below a
 * millisecond it is one.
 *
 * Source: gRPC over HTTP2, `Timeout`: at most eight digits and a unit.
 */
export function grpcTimeoutMs(block: string): number {
  if (!block.includes('grpc-timeout:')) return 0; // most calls; names of HTTP/2 are in lower case
  const match = /^([0-9]{1,8})([HMSmun])$/.exec(headerValue(block, 'grpc-timeout') ?? '');
  if (match === null) return 0;
  return Math.max(1, Math.round(Number(match[1]) * (unitsMs[match[2] as string] as number))); // both groups take part
}

const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };

/**
 * Status of a call that the mesh ends itself. A timeout is DEADLINE_EXCEEDED; otherwise as gRPC's clients read the HTTP
 * status that would have been sent.
 *
 * Source: gRPC, "HTTP to gRPC Status Code Mapping".
 */
export function grpcStatusOf(failure: Failure): number {
  if (failures[failure].flag === 'UT') return 4;
  return grpcStatusOfHttp(failures[failure].status);
}

/** What gRPC's clients make of an HTTP status. */
export function grpcStatusOfHttp(status: number): number {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return UNKNOWN;
  }
}

/**
 * The HTTP status that a gRPC status stands for when an instance is judged by it. UNIMPLEMENTED is 501 to Envoy; here it is
 * 404, since callers of another version of a service are no reason to eject those that run this one.
 *
 * Source: Envoy `Grpc::Utility::grpcToHttpStatus`.
 */
export function httpStatusOf(grpcStatus: number): number {
  return httpStatuses[grpcStatus] ?? 500;
}

/** By number: OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS and so on. */
const httpStatuses: readonly number[] = [
  ...[200, 499, 500, 400, 504, 404, 409, 403, 429],
  ...[400, 409, 400, 404, 500, 503, 500, 401],
];

/** Text as `grpc-message` carries it: what is not visible ASCII, and `%`, as %XX of its UTF-8 bytes. */
export function grpcMessage(text: string): string {
  return Array.from(Buffer.from(text), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}
