import { z } from 'zod';
import { quantity } from './request-buffer.ts';

const hint = 'write a number of bytes of which each second has at least 1Ki, such as 10Mi or 500Ki';
const prefixHint = 'write the beginning of a header name, such as x-cart';

const unitSeconds = { Second: 1, Minute: 60, Hour: 3600 } as const;

/** The bytes that a sidecar carries in an hour are a whole number. */
const MAX_BYTES = 2 ** 52;
/** Of Envoy's field, which has KiB a second. */
const MAX_KBPS = 2 ** 32;

interface WrittenBandwidth {
  readonly value: string | number;
  readonly unit: keyof typeof unitSeconds;
}

/** Whole KiB a second, which is all that Envoy's field can say: never more than what is written. 0 is too little to say. */
export function kibibytesPerSecond({ value, unit }: WrittenBandwidth): number {
  const bytes = quantity(value, MAX_BYTES) ?? 0;
  return Math.min(MAX_KBPS, Math.floor(bytes / unitSeconds[unit] / 1024));
}

/** So much in a unit of time. */
export const bandwidthSchema = z
  .object({
    value: z.union([z.string(), z.number()], { error: hint }),
    unit: z.enum(['Second', 'Minute', 'Hour']),
  })
  .refine((written) => kibibytesPerSecond(written) > 0, { error: hint, path: ['value'] });

const requestSchema = z.object({
  /** Of the bodies of all requests together. */
  limit: bandwidthSchema,
});

const responseSchema = z.object({
  /** Of the bodies of all answers together. */
  limit: bandwidthSchema,
  /**
   * Trailers that tell how long bodies took, and how much of that was the limit's doing: `bandwidth-request-delay-ms`,
   * `bandwidth-response-delay-ms`, `bandwidth-request-filter-delay-ms`, `bandwidth-response-filter-delay-ms`. Only where a
   * limit has held something up.
   */
  responseTrailers: z
    .object({
      /** Begins their names, before a hyphen. */
      prefix: z
        .string()
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}$/, prefixHint)
        .optional(),
    })
    .optional(),
});

/**
 * So many bytes pass in a second, in the sidecar of each instance; what is more waits, and is not read meanwhile. A second's
 * bytes pass at once after a pause. Names and form are Envoy Gateway's.
 */
export const bandwidthLimitSchema = z
  .object({ request: requestSchema.optional(), response: responseSchema.optional() })
  .refine(
    ({ request, response }) => request !== undefined || response !== undefined,
    'write request, response or both, each with a limit',
  );

export type WrittenBandwidthLimit = z.output<typeof bandwidthLimitSchema>;

/** KiB a second; 0 is no limit. */
export interface EffectiveBandwidthLimit {
  readonly requestKbps: number;
  readonly responseKbps: number;
  /** Begins the names of trailers; null for none. */
  readonly trailerPrefix: string | null;
}

export const noBandwidthLimit: EffectiveBandwidthLimit = { requestKbps: 0, responseKbps: 0, trailerPrefix: null };

/** Each direction comes from the first layer that has it. */
export function effectiveBandwidthLimit(
  layers: readonly (WrittenBandwidthLimit | undefined)[],
): EffectiveBandwidthLimit {
  const request = layers.find((layer) => layer?.request !== undefined)?.request;
  const response = layers.find((layer) => layer?.response !== undefined)?.response;
  return {
    requestKbps: request === undefined ? 0 : kibibytesPerSecond(request.limit),
    responseKbps: response === undefined ? 0 : kibibytesPerSecond(response.limit),
    trailerPrefix: response?.responseTrailers === undefined ? null : (response.responseTrailers.prefix ?? ''),
  };
}
