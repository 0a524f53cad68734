import type { ResponseHead } from '../message-head.ts';

/** A bare `100 Continue`, for which a client may be waiting with its body. */
const MAX_CONTINUE_LENGTH = 256;

/**
 * Whether an interim answer may be left out for a client that has not read what it was sent before. A server may say as many as
 * it likes, before each attempt at a request, and nothing but memory would hold them; a client has to understand the final
 * answer without them (RFC 9110 section 15.2).
 */
export function isDispensable({ status, block }: Pick<ResponseHead, 'status' | 'block'>): boolean {
  return status !== 100 || block.length > MAX_CONTINUE_LENGTH;
}
