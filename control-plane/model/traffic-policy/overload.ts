import { z } from 'zod';
import { durationMs, durationSchema } from '../gateway-duration.ts';
import { countSchema, maxUint32, percentSchema, positiveDurationSchema } from './fields.ts';

const aggressionHint = 'write a number from 1 to 100';
const thresholdHint = 'write a percentage from 1 to 100';

/**
 * Each instance's sidecar finds out how many requests the instance takes at a time without getting slower, and refuses more
 * with 503. What is not said has Envoy's defaults; the names are ours, for Envoy Gateway has no such field.
 */
export const adaptiveConcurrencySchema = z.object({
  /** Of the times of answers. Default 50, the median. */
  samplePercentile: percentSchema,
  /** Default 1000. */
  maxConcurrency: countSchema(1, maxUint32),
  /** How often the limit is set. Default 100ms. */
  updateInterval: positiveDurationSchema,
  /** How the time of an answer is measured when nothing else is asked of the instance. */
  minRTT: z
    .object({
      /** Default 60s. */
      interval: positiveDurationSchema,
      /** Default 50. */
      requestCount: countSchema(1, 10_000),
      /** Of the interval. Default 15. */
      jitterPercent: percentSchema,
      /** Requests at a time meanwhile. Default 3. */
      minConcurrency: countSchema(1, maxUint32),
      /** How much slower answers may get before the limit falls. Default 25. */
      bufferPercent: percentSchema,
    })
    .optional(),
});

/**
 * Callers refuse a share of their requests with 503 while too many of the last ones have failed. Names are Envoy Gateway's,
 * defaults Envoy's.
 */
export const admissionControlSchema = z.object({
  /** Default 30s. */
  samplingWindow: durationSchema
    .refine((text) => {
      const ms = durationMs(String(text));
      return ms >= 1000 && ms <= 600_000;
    }, 'write a duration from 1s to 10m')
    .optional(),
  /** Percent of the requests that must succeed for none to be refused. Default 95. */
  successRateThreshold: z.number({ error: thresholdHint }).min(1, thresholdHint).max(100, thresholdHint).optional(),
  /** The higher, the sooner many are refused. Default 1. */
  aggression: z.number({ error: aggressionHint }).min(1, aggressionHint).max(100, aggressionHint).optional(),
  /** With fewer requests in a second none is refused. Default 0. */
  rpsThreshold: countSchema(0, maxUint32),
  /** Percent. Default 80. */
  maxRejectionProbability: percentSchema,
});

export type WrittenAdaptiveConcurrency = z.output<typeof adaptiveConcurrencySchema>;
export type WrittenAdmissionControl = z.output<typeof admissionControlSchema>;
