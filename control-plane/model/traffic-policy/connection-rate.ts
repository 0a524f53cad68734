import { z } from 'zod';
import { durationMs, durationSchema } from '../gateway-duration.ts';
import { maxUint32 } from './fields.ts';

const countHint = `write a whole number from 1 to ${maxUint32}`;

/** Envoy fills no bucket more often. */
const MIN_INTERVAL_MS = 50;
const MAX_INTERVAL_MS = 86_400_000;
const intervalHint = 'write a duration from 50ms to 24h';

/**
 * TCP connections to an instance beyond a rate are closed by its sidecar, before its application sees them: `num` at once, and
 * evenly `num` more in each `interval`. Those that carry HTTP are not counted: requests have rules.
 *
 * Names and meaning as in Kuma's MeshRateLimit `local.tcp`. Envoy: `envoy.filters.network.local_ratelimit`.
 */
export const tcpRateSchema = z.object({
  connectionRate: z.object({
    num: z.number({ error: countHint }).int(countHint).min(1, countHint).max(maxUint32, countHint),
    interval: durationSchema.refine((text) => {
      const ms = durationMs(String(text));
      return ms >= MIN_INTERVAL_MS && ms <= MAX_INTERVAL_MS;
    }, intervalHint),
  }),
});

export type ConnectionRate = z.output<typeof tcpRateSchema>['connectionRate'];

/** `5 new TCP connections in 10s by each instance` */
export function connectionRateInWords({ num, interval }: ConnectionRate): string {
  return `${num} new TCP connections in ${interval} by each instance`;
}
