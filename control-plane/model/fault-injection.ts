import { z } from 'zod';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { durationMs, durationSchema } from './gateway-duration.ts';
import { namespacedMetadata, subdomainSchema } from './metadata.ts';
import { elsewhere } from './not-yet-supported.ts';
import { policyTargetSchema, policyTargetsCheck } from './object-reference.ts';
import { bandwidthSchema } from './traffic-policy/bandwidth-limit.ts';

const percentHint = 'write a percentage from 0 to 100';

/** Share of the requests; of delay, abort and response rate limit each is drawn for itself. Four decimals count. */
const percentageSchema = z.number({ error: percentHint }).min(0, percentHint).max(100, percentHint).default(100);

const fromHeaderSchema = z.literal(true, { error: 'write true, or leave the field out' }).optional();

const delaySchema = z
  .object({
    /** How long a request is held up before it goes on. */
    fixedDelay: durationSchema
      .refine((text) => durationMs(String(text)) > 0, 'write a duration longer than 0')
      .optional(),
    /** The request says how long, in milliseconds and at most 5 minutes: `x-envoy-fault-delay-request`. */
    fromHeader: fromHeaderSchema,
    percentage: percentageSchema,
  })
  .check(
    crossCheck(['fixedDelay', 'fromHeader'], ({ fixedDelay, fromHeader }, report) => {
      if ((fixedDelay === undefined) === (fromHeader === undefined)) report([], 'write fixedDelay or fromHeader');
    }),
  );

const statusHint = 'write a status from 200 to 599';
const grpcStatusHint = 'write a gRPC status from 0 to 16';

const abortSchema = z
  .object({
    httpStatus: z.number({ error: statusHint }).int(statusHint).min(200, statusHint).max(599, statusHint).optional(),
    /** What is no gRPC call is answered with the HTTP status that stands for it. */
    grpcStatus: z
      .number({ error: grpcStatusHint })
      .int(grpcStatusHint)
      .min(0, grpcStatusHint)
      .max(16, grpcStatusHint)
      .optional(),
    /** The request says which: `x-envoy-fault-abort-request`, `x-envoy-fault-abort-grpc-request`. */
    fromHeader: fromHeaderSchema,
    percentage: percentageSchema,
  })
  .check(
    crossCheck(['httpStatus', 'grpcStatus', 'fromHeader'], ({ httpStatus, grpcStatus, fromHeader }, report) => {
      const said = [httpStatus, grpcStatus, fromHeader].filter((field) => field !== undefined).length;
      if (said !== 1) report([], 'write one of httpStatus, grpcStatus and fromHeader');
    }),
  );

const responseRateLimitSchema = z
  .object({
    /** Of the body of each answer by itself. */
    fixedLimit: bandwidthSchema.optional(),
    /** The request says how much, in KiB a second: `x-envoy-fault-throughput-response`. */
    fromHeader: fromHeaderSchema,
    percentage: percentageSchema,
  })
  .check(
    crossCheck(['fixedLimit', 'fromHeader'], ({ fixedLimit, fromHeader }, report) => {
      if ((fixedLimit === undefined) === (fromHeader === undefined)) report([], 'write fixedLimit or fromHeader');
    }),
  );

const untilHint = 'write a time with its zone, such as 2027-01-31T12:00:00Z';

/**
 * Faults for a share of the requests to a service, for a stated time: each caller's sidecar holds them up, answers them itself
 * or passes their answers on slowly, and stops by its own clock, also when it has lost the control plane.
 *
 * Names as in Envoy Gateway's `faultInjection`, and as in Envoy's HTTP fault filter where that has none; the latter says what
 * they do.
 */
export const faultInjectionSchema = z.object({
  apiVersion: z.literal('heddle.dev/v1alpha1'),
  kind: z.literal('FaultInjection'),
  metadata: namespacedMetadata(subdomainSchema),
  spec: z
    .object({
      targetRefs: z
        .array(policyTargetSchema)
        .min(1, 'a FaultInjection has at least one target')
        .max(16, 'a FaultInjection has at most 16 targets'),
      /** RFC 3339. A fault that nobody ends is an incident, so there is no default. */
      until: z.iso.datetime({ offset: true, error: untilHint }),
      delay: delaySchema.optional(),
      abort: abortSchema.optional(),
      responseRateLimit: responseRateLimitSchema.optional(),
      responseBandwidth: elsewhere('responseBandwidth', 'responseRateLimit'), // Kuma's name
      /** Only requests with all of these headers. */
      headers: z
        .array(
          z.object({
            name: boundedText('a header name', 256, {
              pattern: /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/,
              hint: 'a header name has letters, digits and "-"',
            }),
            value: boundedText('a header value', 4096),
          }),
        )
        .max(16, 'at most 16 headers')
        .default([]),
      /** Requests that one sidecar holds up, or answers slowly, at one time; those beyond it have no fault. */
      maxActiveFaults: z
        .number({ error: 'write a whole number from 1 to 1000000' })
        .int('write a whole number from 1 to 1000000')
        .min(1, 'write a whole number from 1 to 1000000')
        .max(1_000_000, 'write a whole number from 1 to 1000000')
        .default(1024),
    })
    .check(
      crossCheck(['delay', 'abort', 'responseRateLimit'], ({ delay, abort, responseRateLimit }, report) => {
        if ((delay ?? abort ?? responseRateLimit) === undefined) report([], 'write delay, abort or responseRateLimit');
      }),
    )
    .check(policyTargetsCheck),
  status: z.unknown().optional(),
});

export type FaultInjection = z.output<typeof faultInjectionSchema>;
