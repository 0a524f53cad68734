import { z } from 'zod';
import { notYetSupported } from '../not-yet-supported.ts';
import { countSchema } from './fields.ts';
import { quantity } from './request-buffer.ts';

/** RFC 9113 section 6.9.2, and what a sidecar may come to hold for one connection. */
const MIN_WINDOW = 65_535;
const MAX_WINDOW = 16_777_216;
const hint = `write a number of bytes from ${MIN_WINDOW} to 16Mi, such as 256Ki`;

const windowSchema = z
  .union([z.string(), z.number()], { error: hint })
  .refine((written) => (windowBytes(written) ?? 0) >= MIN_WINDOW, hint)
  .optional();

/** HTTP/2 towards the backend. Envoy Gateway's fields. */
export const http2Schema = z.object({
  /** Requests under way on one connection; more of them open another one. Default 1024, or what the other side says. */
  maxConcurrentStreams: countSchema(1, 2_147_483_647),
  /** Bytes of one answer that may be on their way before they are asked for. Default 256Ki. */
  initialStreamWindowSize: windowSchema,
  /** The same of all answers on a connection together. Default 1Mi. */
  initialConnectionWindowSize: windowSchema,
  onInvalidMessage: notYetSupported('http2.onInvalidMessage'),
});

/** Bytes of a window that {@link http2Schema} accepted; null where it is not written. */
export function windowBytes(written: string | number | undefined): number | null {
  return written === undefined ? null : quantity(written, MAX_WINDOW);
}

/** What is null is left to the sidecar. */
export interface EffectiveHttp2 {
  readonly maxConcurrentStreams: number | null;
  readonly streamWindowBytes: number | null;
  readonly connectionWindowBytes: number | null;
}

export const builtInHttp2: EffectiveHttp2 = {
  maxConcurrentStreams: null,
  streamWindowBytes: null,
  connectionWindowBytes: null,
};
