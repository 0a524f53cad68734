import { z } from 'zod';
import { durationMs, durationSchema } from '../gateway-duration.ts';

const hint = 'write a duration from 1s to 5m';

/**
 * Callers pass over an instance that has answered 429 or 503 with `Retry-After`, until then, never the last one that can take
 * requests. Off unless it is written: an answer that is meant for one user would keep everybody away.
 */
export const retryAfterSchema = z.object({
  /** No instance is passed over for longer. */
  maxWait: durationSchema
    .refine((text) => {
      const ms = durationMs(String(text));
      return ms >= 1000 && ms <= 300_000;
    }, hint)
    .default('5m'),
});
