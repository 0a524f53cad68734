import { z } from 'zod';
import { maxMaglevPlaces, maxRingPoints } from '../../../proto/hash-table-sizes.ts';
import { boundedText } from '../bounded-text.ts';
import { crossCheck } from '../cross-check.ts';
import { durationSchema } from '../gateway-duration.ts';
import { headerNameSchema } from '../http-route-match.ts';
import { notYetSupported, supportedWord } from '../not-yet-supported.ts';
import { reportRepeatedNames } from '../repeated-names.ts';
import { countSchema, percentSchema, positiveDurationSchema } from './fields.ts';

const headerSchema = z.object({ name: headerNameSchema });

/** RFC 6265 section 4.1.1: a token. */
export const cookieNameSchema = boundedText('the name of a cookie', 256, {
  pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
  hint: "the name of a cookie has letters, digits and !#$%&'*+.^_`|~-",
});

const attributeValueSchema = boundedText('the attribute of a cookie', 256, {
  pattern: /^[\x20-\x3a\x3c-\x7e]*$/,
  hint: 'an attribute of a cookie has visible ASCII characters without ";"',
});

const cookieSchema = z.object({
  name: cookieNameSchema,
  /** A request without the cookie is given one that lasts so long; `0s` is the client's session. Left out: it is given none. */
  ttl: durationSchema.optional(),
  attributes: z.record(cookieNameSchema, attributeValueSchema).optional(),
});

const queryParamSchema = z.object({
  name: boundedText('the name of a parameter', 256, {
    pattern: /^[!$%'()*+,\-./0-9:;?@A-Z_a-z~]+$/,
    hint: 'write the name as it stands in the query, without "&", "=" and "#"',
  }),
});

const consistentHashTypes = ['SourceIP', 'Header', 'Headers', 'Cookie', 'QueryParams'] as const;

/** Which field each type goes by. */
const fieldOfType = {
  Header: 'header',
  Headers: 'headers',
  Cookie: 'cookie',
  QueryParams: 'queryParams',
} as const;

/** What requests that belong together have in common, and by which table they find their endpoint. */
const consistentHashSchema = z
  .object({
    type: z.enum(consistentHashTypes),
    header: headerSchema.optional(),
    headers: z.array(headerSchema).min(1, 'write a header').max(16, 'at most 16 headers').optional(),
    cookie: cookieSchema.optional(),
    queryParams: z.array(queryParamSchema).min(1, 'write a parameter').max(16, 'at most 16 parameters').optional(),
    /** Default Maglev, as Envoy Gateway; ours, which has no other. */
    algorithm: z.enum(['Maglev', 'RingHash']).optional(),
    /** Of Maglev; a prime number. Default 65537. */
    tableSize: countSchema(2, maxMaglevPlaces),
    /**
     * Percent of its share of the requests under way that an endpoint takes at most; more go to others. Typically 120 to 200.
     * Default: no bound. Ours, by Envoy's `hash_balance_factor`.
     */
    hashBalanceFactor: countSchema(100, 100_000),
    /** Of the ring. Default 1024. */
    minimumRingSize: countSchema(1, maxRingPoints),
  })
  .check(
    crossCheck(['type', 'header', 'headers', 'cookie', 'queryParams', 'tableSize', 'algorithm'], (hash, report) => {
      for (const [type, field] of Object.entries(fieldOfType)) {
        if (hash.type === type && hash[field] === undefined) report([field], `type ${type} needs ${field}`);
        if (hash.type !== type && hash[field] !== undefined) report([field], `${field} needs type ${type}`);
      }
      const { algorithm = 'Maglev', tableSize, minimumRingSize } = hash;
      if (tableSize !== undefined && algorithm !== 'Maglev') report(['tableSize'], 'tableSize is of Maglev');
      if (tableSize !== undefined && !isPrime(tableSize)) {
        report(['tableSize'], `must be a prime number: the next is ${nextPrime(tableSize)}`);
      }
      if (minimumRingSize !== undefined && algorithm !== 'RingHash') {
        report(['minimumRingSize'], 'minimumRingSize is of the algorithm RingHash');
      }
    }),
  );

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) {
    if (number % divisor === 0) return false;
  }
  return number > 1;
}

function nextPrime(number: number): number {
  let candidate = number;
  while (!isPrime(candidate)) candidate++;
  return candidate;
}

const slowStartSchema = z.object({
  /** An endpoint that is younger takes less than its share. */
  window: positiveDurationSchema.unwrap(),
  /** Default 1, which grows evenly (Envoy `aggression`; Envoy Gateway has no field for it). */
  aggression: z.number({ error: 'write a number from 0.01 to 100' }).min(0.01).max(100).optional(),
  /** Never less than this share of its weight. Default 10 (Envoy `min_weight_percent`). */
  minWeightPercent: percentSchema,
});

const zoneAwareSchema = z
  .object({
    /** Requests stay in the caller's zone as far as it has endpoints enough for its callers. */
    preferLocal: z
      .object({
        /** With fewer endpoints in all, zones do not count. Default 6. */
        minEndpointsThreshold: countSchema(1, 100_000),
        /** Share of the requests that are routed so. Default 100. */
        percentageEnabled: percentSchema,
        /** All requests stay in the zone while it has so many endpoints. Default 1. */
        force: z.object({ minEndpointsInZoneThreshold: countSchema(1, 100_000) }).optional(),
      })
      .optional(),
    /** Requests are divided between zones by weight; a zone that is not named has weight 1. */
    weightedZones: z
      .array(
        z.object({
          zone: boundedText('a zone', 253, { pattern: /^[^\p{Cc}]+$/u, hint: 'write the name of a zone' }),
          weight: countSchema(1, 1_000_000).unwrap(),
        }),
      )
      .max(64, 'at most 64 zones')
      .optional(),
    /**
     * Endpoints of the caller's zone first, then those of its region, then the others: each only as far as those before are not
     * healthy enough (Istio's locality failover). Ours; default false.
     */
    failover: z.boolean({ error: 'write true or false' }).optional(),
    /**
     * Percent: a level, or a zone with a weight, takes all of its share as long as its healthy endpoints times this are all of
     * its endpoints. 100 sends to the next what the unhealthy ones would have had. Default 140, so until fewer than 72 % are
     * healthy (Envoy `overprovisioning_factor`; Envoy Gateway has no field for it).
     */
    overprovisioningFactor: countSchema(100, 10_000),
  })
  .check(
    crossCheck(['failover', 'weightedZones', 'overprovisioningFactor'], (zones, report) => {
      const { failover, weightedZones, overprovisioningFactor } = zones;
      if (overprovisioningFactor !== undefined && failover !== true && weightedZones === undefined) {
        report(['overprovisioningFactor'], 'overprovisioningFactor needs failover: true, or weightedZones');
      }
    }),
  )
  .check(
    crossCheck(['preferLocal', 'weightedZones', 'failover'], ({ preferLocal, weightedZones, failover }, report) => {
      if (preferLocal !== undefined && weightedZones !== undefined) {
        report(['weightedZones'], 'preferLocal and weightedZones divide requests differently: write one of them');
      }
      if (preferLocal !== undefined && failover === true) {
        report(['failover'], 'with failover requests stay in their zone already: remove preferLocal or failover');
      }
      reportRepeatedNames(
        (weightedZones ?? []).map(({ zone }) => zone),
        (index) => report(['weightedZones', index], 'the same zone is named twice'),
      );
    }),
  );

const types = ['RoundRobin', 'LeastRequest', 'Random', 'ConsistentHash', 'PeakEwma'] as const;

/** Which endpoint gets a request. */
export const loadBalancerSchema = z
  .object({
    type: supportedWord(types, ['BackendUtilization', 'DynamicModule']),
    consistentHash: consistentHashSchema.optional(),
    /** Ours; Envoy has it among its contributed extensions. */
    peakEwma: z
      .object({
        /** Default 10s (Linkerd, Finagle). */
        decayTime: positiveDurationSchema,
        /** Default 30ms (Linkerd, Finagle). */
        defaultRtt: positiveDurationSchema,
      })
      .optional(),
    slowStart: slowStartSchema.optional(),
    zoneAware: zoneAwareSchema.optional(),
    endpointOverride: notYetSupported('endpointOverride'),
  })
  .check(
    crossCheck(
      ['type', 'consistentHash', 'peakEwma', 'slowStart', 'zoneAware'],
      ({ type, consistentHash, peakEwma, slowStart, zoneAware }, report) => {
        if (type === 'ConsistentHash' && consistentHash === undefined) {
          report(['consistentHash'], 'type ConsistentHash needs consistentHash: what requests have in common');
        }
        if (type !== 'ConsistentHash' && consistentHash !== undefined) {
          report(['consistentHash'], 'consistentHash needs type ConsistentHash');
        }
        if (type !== 'PeakEwma' && peakEwma !== undefined) report(['peakEwma'], 'peakEwma needs type PeakEwma');
        if (slowStart !== undefined && type !== 'RoundRobin' && type !== 'LeastRequest') {
          report(['slowStart'], 'slowStart needs type RoundRobin or LeastRequest');
        }
        const zones = zoneAware?.preferLocal ?? zoneAware?.weightedZones;
        if (type === 'PeakEwma' && zones !== undefined) {
          report(['zoneAware'], 'type PeakEwma has no weights of zones: write failover, or another type');
        }
        if (type === 'ConsistentHash' && zoneAware?.preferLocal !== undefined) {
          report(
            ['zoneAware', 'preferLocal'],
            'type ConsistentHash has no preferLocal: write weightedZones or failover',
          );
        }
      },
    ),
  );

export type LoadBalancer = z.output<typeof loadBalancerSchema>;
