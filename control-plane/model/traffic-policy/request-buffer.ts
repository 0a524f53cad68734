import { z } from 'zod';
import { maxUint32 } from './fields.ts';

const hint = `write a number of bytes from 1 to ${maxUint32}, such as 1Mi, 500Ki or 2M`;

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1000,
  M: 1e6,
  G: 1e9,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  T: 1e12,
  Ti: 1024 ** 4,
};

/**
 * Bytes of a quantity that is a whole number of them; null for what is none. Of Kubernetes' forms those are left out in which
 * nobody writes sizes: exponents, and units above what Envoy's field holds.
 *
 * Source: Kubernetes `resource.Quantity`.
 */
export function quantityBytes(written: string | number): number | null {
  return quantity(written, maxUint32);
}

/** The same up to another bound. */
export function quantity(written: string | number, max: number): number | null {
  const match = /^([0-9]{1,16}(?:\.[0-9]{1,9})?)(k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(String(written));
  if (match === null) return null;
  const bytes = Number(match[1]) * (units[match[2] ?? ''] ?? 0);
  return Number.isInteger(bytes) && bytes >= 1 && bytes <= max ? bytes : null;
}

/**
 * Requests with larger bodies are refused with 413, in the sidecar of the service. Name and form are Envoy Gateway's; what is
 * within the limit is not buffered here.
 */
export const requestBufferSchema = z.object({
  limit: z.union([z.string(), z.number()], { error: hint }).refine((limit) => quantityBytes(limit) !== null, hint),
});
