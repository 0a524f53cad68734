import { z } from 'zod';

/** Said wherever a duration is wrong. */
export const durationHint = 'write a duration such as 500ms, 2s or 1m';

/**
 * A duration as Gateway API writes it: one to four numbers of at most five digits, each with `h`, `m`, `s` or `ms`
 * (`1h30m`, `500ms`, `0s`). Kept as text in a document, so that it comes back as it was written.
 *
 * Source: GEP-2257.
 */
export const durationSchema = z.string({ error: durationHint }).regex(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/, durationHint);

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of a duration that {@link durationSchema} accepted. */
export function durationMs(text: string): number {
  let total = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|h|m|s)/g)) {
    total += Number(count) * (unitMs[unit ?? ''] ?? 0);
  }
  return total;
}

/** Milliseconds of a duration that may be absent. */
export function optionalDurationMs(text: string | undefined): number | null {
  return text === undefined ? null : durationMs(text);
}
