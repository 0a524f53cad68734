import { z } from 'zod';
import { crossCheck } from '../cross-check.ts';
import { durationMs, durationSchema } from '../gateway-duration.ts';
import { notYetSupported } from '../not-yet-supported.ts';
import { countSchema, positiveDurationSchema } from './fields.ts';

/** Bytes of a payload: it stands in every cluster that is sent. */
const MAX_PAYLOAD = 1024;
const maxThreshold = 1000;
/** Every caller's sidecar asks every instance so often. */
const MIN_INTERVAL_MS = 100;
const intervalSchema = durationSchema
  .refine((text) => durationMs(String(text)) >= MIN_INTERVAL_MS, `write a duration of ${MIN_INTERVAL_MS}ms or more`)
  .optional();
const statusSchema = countSchema(100, 599).unwrap();

const payloadSchema = z
  .object({
    type: z.enum(['Text', 'Binary'], { error: 'write Text or Binary' }),
    text: z
      .string()
      .min(1, 'write at least one character')
      .max(MAX_PAYLOAD, `at most ${MAX_PAYLOAD} characters`)
      .optional(),
    /** Base64. */
    binary: z
      .string()
      .regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'write base64')
      .min(1, 'write at least one byte, in base64')
      .max(MAX_PAYLOAD * 2, `at most ${MAX_PAYLOAD * 2} characters`)
      .optional(),
  })
  .check(
    crossCheck(['type', 'text', 'binary'], ({ type, text, binary }, report) => {
      const [own, other] = type === 'Text' ? (['text', 'binary'] as const) : (['binary', 'text'] as const);
      const given = { text, binary };
      if (given[own] === undefined) report([own], `a payload of type ${type} needs ${own}`);
      if (given[other] !== undefined) report([other], `a payload of type ${type} has no ${other}`);
    }),
  );

const httpSchema = z.object({
  /** `Host` of the request. Default: the service's host name. */
  hostname: z
    .string()
    .max(253, 'at most 253 characters')
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, 'write a host name in lower case')
    .optional(),
  path: z
    .string({ error: 'write a path such as /healthz' })
    .max(1024, 'at most 1024 characters')
    .regex(/^\/[\x21-\x7e]*$/, 'write a path that begins with a slash, such as /healthz'),
  method: z
    .enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'], {
      error: 'write a method such as GET',
    })
    .optional(),
  /** Statuses of an instance that is well. Default 200 alone. */
  expectedStatuses: z
    .array(statusSchema)
    .min(1, 'write a status, or leave it out')
    .max(64, 'at most 64 statuses')
    .optional(),
  /** Other wrong answers condemn an instance at once, these only as many as `unhealthyThreshold`. */
  retriableStatuses: z.array(statusSchema).max(64, 'at most 64 statuses').optional(),
  /** What the body has to hold, in its first 1024 bytes. */
  expectedResponse: payloadSchema.optional(),
});

const tcpSchema = z.object({
  /** Said when the connection is made; without it, that it can be made is enough. */
  send: payloadSchema.optional(),
  /** What the answer has to hold. */
  receive: payloadSchema.optional(),
});

const grpcSchema = z.object({
  /** Asked about by `grpc.health.v1.Health/Check`; without it the server as a whole. */
  service: z
    .string()
    .max(255, 'at most 255 characters')
    .regex(/^[\x21-\x7e]*$/, 'write the name of a service such as shop.Cart')
    .optional(),
});

/**
 * Active health checks: each caller's sidecar asks the endpoints how they are.
 *
 * Names and defaults are Envoy Gateway's; what it has no field for has Envoy's name and default.
 */
export const activeHealthCheckSchema = z
  .object({
    type: z.enum(['HTTP', 'TCP', 'GRPC'], { error: 'write HTTP, TCP or GRPC' }),
    /** A check that is not answered by then has failed. Default 1s. */
    timeout: positiveDurationSchema,
    /** Default 3s, at least 100ms. */
    interval: intervalSchema,
    /** Each interval is up to this much longer, by chance. Default 0s. */
    intervalJitter: durationSchema.optional(),
    /** The first check waits up to this long. Default 0s. */
    initialJitter: durationSchema.optional(),
    /** Interval after a failed check. Default: the interval. */
    unhealthyInterval: intervalSchema,
    /** Interval while nobody calls the service. Default 60s. */
    noTrafficInterval: intervalSchema,
    /** Checks without an answer in a row that condemn an instance. Default 3. */
    unhealthyThreshold: countSchema(1, maxThreshold),
    /** Good checks in a row that acquit it. Default 1. */
    healthyThreshold: countSchema(1, maxThreshold),
    /** Whether a connection serves many checks. Default true. */
    reuseConnection: z.boolean({ error: 'write true or false' }).optional(),
    http: httpSchema.optional(),
    tcp: tcpSchema.optional(),
    grpc: grpcSchema.optional(),
    overrides: notYetSupported('healthCheck.active.overrides'),
  })
  .check(
    crossCheck(['type', 'http', 'tcp', 'grpc'], ({ type, http, tcp, grpc }, report) => {
      const sections = { HTTP: http, TCP: tcp, GRPC: grpc };
      for (const [other, section] of Object.entries(sections)) {
        if (other !== type && section !== undefined) {
          report([other.toLowerCase()], `a check of type ${type} has no ${other.toLowerCase()}`);
        }
      }
      if (type === 'HTTP' && http === undefined) report(['http'], 'a check of type HTTP needs http.path');
    }),
  );

export type ActiveHealthCheck = z.output<typeof activeHealthCheckSchema>;
export type HealthCheckPayload = z.output<typeof payloadSchema>;
