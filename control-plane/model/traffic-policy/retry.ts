import { z } from 'zod';
import { retryConditions } from '../../../proto/retry-conditions.ts';
import { crossCheck } from '../cross-check.ts';
import { durationMs } from '../gateway-duration.ts';
import { headerNameSchema, headerValueSchema } from '../http-route-match.ts';
import { countSchema, positiveDurationSchema } from './fields.ts';

/** Envoy's, for connections over QUIC. */
const http3Trigger = 'http3-post-connect-failure';

const triggerSchema = z.enum(retryConditions, {
  error: ({ input }) =>
    input === http3Trigger ? `${http3Trigger} can never happen: Heddle does not speak HTTP/3; remove it` : undefined,
});

/** A condition on one header; without a value, that it is there. */
const headerConditionSchema = z
  .object({
    /** Compared without regard to case. */
    name: headerNameSchema,
    /** `RegularExpression` is RE2's, and takes the whole value or nothing (`patternFaults`). */
    type: z.enum(['Exact', 'Prefix', 'Suffix', 'RegularExpression', 'Present']).optional(),
    value: headerValueSchema.optional(),
  })
  .check(
    crossCheck(['type', 'value'], ({ type, value }, report) => {
      if (type === 'Present' && value !== undefined) report(['value'], 'Present takes no value: remove one of them');
      if (type !== undefined && type !== 'Present' && value === undefined) report(['type'], `${type} needs a value`);
    }),
  );
export type HeaderCondition = z.output<typeof headerConditionSchema>;

const headerConditions = z.array(headerConditionSchema).max(16, 'at most 16 headers').optional();

const backOffSchema = z.object({ baseInterval: positiveDurationSchema, maxInterval: positiveDurationSchema }).check(
  crossCheck(['baseInterval', 'maxInterval'], ({ baseInterval, maxInterval }, report) => {
    if (baseInterval === undefined || maxInterval === undefined) return;
    if (durationMs(maxInterval) < durationMs(baseInterval)) {
      report(['maxInterval'], `shorter than baseInterval (${baseInterval})`);
    }
  }),
);

/** How long to wait where the answer says so (Envoy `rate_limited_retry_back_off`). */
const rateLimitedBackOffSchema = z.object({
  /** The first one that the answer has, and that holds a whole number or, as `Retry-After` may, a date, counts. */
  resetHeaders: z
    .array(z.object({ name: headerNameSchema, format: z.enum(['Seconds', 'UnixTimestamp']).default('Seconds') }))
    .min(1, 'name at least one header, such as Retry-After')
    .max(8, 'at most 8 headers'),
  /** Answers that ask for a longer wait are not believed. Default 300 s, as in Envoy. */
  maxInterval: positiveDurationSchema,
});

const retryOnSchema = z
  .object({
    triggers: z.array(triggerSchema).max(16, 'at most 16 triggers').optional(),
    httpStatusCodes: z.array(countSchema(100, 599).unwrap()).max(64, 'at most 64 status codes').optional(),
    /** Of the answer: one of them is enough. Envoy `retriable_headers`. */
    headers: headerConditions,
    /** Of the request: where none of them holds it is sent once. Envoy `retriable_request_headers`. */
    requestHeaders: headerConditions,
  })
  .check(
    crossCheck(['triggers', 'httpStatusCodes', 'headers'], ({ triggers, httpStatusCodes, headers }, report) => {
      const needs = (
        field: 'httpStatusCodes' | 'headers',
        trigger: 'retriable-status-codes' | 'retriable-headers',
        written: readonly unknown[] = [],
      ) => {
        const isAsked = triggers?.includes(trigger) ?? false;
        if (written.length > 0 && !isAsked) report([field], `${field} need ${trigger} among the triggers`);
        if (isAsked && written.length === 0) report(['triggers'], `${trigger} needs ${field}`);
      };
      needs('httpStatusCodes', 'retriable-status-codes', httpStatusCodes);
      needs('headers', 'retriable-headers', headers);
    }),
  );

export const retrySchema = z.object({
  /** Tries after the first; 0 turns retries off. */
  numRetries: countSchema(0, 100),
  perRetry: z
    .object({
      /** Each try, the first included, ends after this time. */
      timeout: positiveDurationSchema,
      /** Each try ends when the backend has sent nothing for so long. Envoy `per_try_idle_timeout`; off by default. */
      idleTimeout: positiveDurationSchema,
      backOff: backOffSchema.optional(),
      rateLimitedBackOff: rateLimitedBackOffSchema.optional(),
    })
    .optional(),
  retryOn: retryOnSchema.optional(),
  /**
   * A try that runs out of `perRetry.timeout` goes on while another one is made, and the first answer wins. Only for requests
   * that may be repeated. Envoy `hedge_policy.hedge_on_per_try_timeout`; off by default.
   */
  hedgeOnPerTryTimeout: z.boolean({ error: 'write true or false' }).optional(),
  /**
   * Most bytes of a body that a sidecar keeps so that the request can be sent again; a request with a longer one is sent
   * once. 0 keeps none, at most 1 MiB. Envoy `request_body_buffer_limit`.
   */
  bodyBufferLimitBytes: countSchema(0, 1_048_576),
  /**
   * Repeats also POST, PATCH and CONNECT after failures that may have reached the application. Off: a request that
   * could act twice is repeated only when it is proven not to have been sent. Ours; Envoy has no such guard.
   */
  retryNonIdempotent: z.boolean({ error: 'write true or false' }).optional(),
});
