import { z } from 'zod';
import { crossCheck } from '../cross-check.ts';
import { durationMs, durationSchema } from '../gateway-duration.ts';
import { countSchema, maxUint32, percentSchema, positiveDurationSchema } from './fields.ts';

const rowSchema = countSchema(0, maxUint32);
const shareSchema = countSchema(0, 100);
const flagSchema = z.boolean({ error: 'write true or false' }).optional();

/**
 * Outlier detection: an endpoint that fails is left out for a while.
 *
 * Names are Envoy Gateway's; what it has no field for has Envoy's name. A detector is turned on by writing what it goes by:
 * `consecutiveGatewayErrors`, `failurePercentageThreshold`, one of the `successRate` fields. Only 5xx in a row are on
 * without being asked for, and local-origin failures in a row with `splitExternalLocalOriginErrors`.
 */
export const passiveHealthCheckSchema = z
  .object({
    /** 5xx answers and connection failures in a row that eject an endpoint; 0 turns this off. */
    consecutive5XxErrors: rowSchema,
    /** The same for 502, 503 and 504 alone; 0, the default, is off. */
    consecutiveGatewayErrors: rowSchema,
    /** Judges failures to connect, resets and time-outs apart from what endpoints answer. */
    splitExternalLocalOriginErrors: flagSchema,
    /** Those in a row; counts only where they are judged apart. */
    consecutiveLocalOriginFailures: rowSchema,
    /** How often ejected endpoints are looked at for their return, and rates judged; at most once a second. */
    interval: positiveDurationSchema,
    /** The first ejection lasts this long; each further one as much longer. */
    baseEjectionTime: positiveDurationSchema,
    /** No ejection lasts longer (Envoy `max_ejection_time`; Envoy Gateway has no field for it). */
    maxEjectionTime: positiveDurationSchema,
    /** Each ejection lasts up to this much longer, by chance, so that not all return at once. */
    maxEjectionTimeJitter: durationSchema.optional(),
    /** Share of the endpoints that may be out at once. */
    maxEjectionPercent: percentSchema,
    /** One may be out whatever that share is, while another remains. */
    alwaysEjectOneEndpoint: flagSchema,
    /** Ejects who fails this percentage of the requests of an interval, or more. */
    failurePercentageThreshold: shareSchema,
    /** Only where so many endpoints had so many requests. */
    failurePercentageMinimumHosts: rowSchema,
    failurePercentageRequestVolume: rowSchema,
    /** Ejects whose success rate is below the mean by so many thousandths of the standard deviation. */
    successRateStdevFactor: rowSchema,
    /** Only where so many endpoints had so many requests. */
    successRateMinimumHosts: rowSchema,
    successRateRequestVolume: rowSchema,
    /** Percentage of the outliers that each detector finds which is really ejected. */
    enforcingConsecutive5xx: shareSchema,
    enforcingConsecutiveGatewayFailure: shareSchema,
    enforcingConsecutiveLocalOriginFailure: shareSchema,
    enforcingSuccessRate: shareSchema,
    enforcingLocalOriginSuccessRate: shareSchema,
    enforcingFailurePercentage: shareSchema,
    enforcingFailurePercentageLocalOrigin: shareSchema,
    /** An active health check that succeeds brings an ejected endpoint back. */
    successfulActiveHealthCheckUnejectHost: flagSchema,
  })
  .check(
    crossCheck(['baseEjectionTime', 'maxEjectionTime'], ({ baseEjectionTime, maxEjectionTime }, report) => {
      if (baseEjectionTime === undefined || maxEjectionTime === undefined) return;
      if (durationMs(maxEjectionTime) < durationMs(baseEjectionTime)) {
        report(['maxEjectionTime'], `shorter than baseEjectionTime (${baseEjectionTime})`);
      }
    }),
  );

export type PassiveHealthCheck = z.output<typeof passiveHealthCheckSchema>;
