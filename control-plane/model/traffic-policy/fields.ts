/** Kinds of fields that the sections of a traffic policy have in common; all of them may be left out. */
import { z } from 'zod';
import { durationMs, durationSchema } from '../gateway-duration.ts';

/** Bound of Envoy's uint32 limits. */
export const maxUint32 = 4_294_967_295;
const limitHint = `write a whole number from 0 to ${maxUint32}`;
export const limitSchema = z
  .number({ error: limitHint })
  .int(limitHint)
  .min(0, limitHint)
  .max(maxUint32, limitHint)
  .optional();

const percentHint = 'write a percentage from 0 to 100';
export const percentSchema = z.number({ error: percentHint }).min(0, percentHint).max(100, percentHint).optional();

export function countSchema(min: number, max: number) {
  const hint = `write a whole number from ${min} to ${max}`;
  return z.number({ error: hint }).int(hint).min(min, hint).max(max, hint).optional();
}

export const positiveDurationSchema = durationSchema
  .refine((text) => durationMs(String(text)) > 0, 'write a duration longer than 0')
  .optional();
