import { defaultMaglevPlaces, defaultRingPoints } from '../../../proto/hash-table-sizes.ts';
import { durationMs, optionalDurationMs } from '../gateway-duration.ts';
import type { LoadBalancer } from './load-balancer.ts';

/** Which endpoint gets a request, with nothing left open. */
export interface EffectiveLoadBalancer {
  readonly type: LoadBalancer['type'];
  /** Null where requests do not go by what they have in common. */
  readonly consistentHash: {
    readonly algorithm: 'Maglev' | 'RingHash';
    readonly tableSize: number;
    readonly minimumRingSize: number;
    /** 0 is no bound. */
    readonly hashBalanceFactor: number;
    readonly hashOn: readonly HashOn[];
  } | null;
  readonly peakEwma: { readonly decayMs: number; readonly defaultRttMs: number };
  readonly slowStart: {
    readonly windowMs: number;
    readonly aggression: number;
    readonly minWeightPercent: number;
  } | null;
  readonly preferLocal: {
    readonly minEndpoints: number;
    readonly percentageEnabled: number;
    /** 0 leaves it to the proportions. */
    readonly forceMinEndpoints: number;
  } | null;
  /** By zone; null where zones have no weights. */
  readonly weightedZones: ReadonlyMap<string, number> | null;
  /** The caller's zone first, then its region. */
  readonly failover: boolean;
  readonly overprovisioningPercent: number;
}

/** One thing that requests may have in common. */
export type HashOn =
  | { readonly kind: 'source-ip' }
  | { readonly kind: 'header' | 'query'; readonly name: string }
  | {
      readonly kind: 'cookie';
      readonly name: string;
      /** Null: a request without it is given none. */
      readonly ttlMs: number | null;
      readonly attributes: readonly (readonly [name: string, value: string])[];
    };

/**
 * What holds when nobody says anything. Two choices keep load apart from slow endpoints, which round robin (Envoy's default)
 * cannot see.
 */
export const builtInLoadBalancer: EffectiveLoadBalancer = {
  type: 'LeastRequest',
  consistentHash: null,
  // Linkerd's and Finagle's
  peakEwma: { decayMs: 10_000, defaultRttMs: 30 },
  slowStart: null,
  preferLocal: null,
  weightedZones: null,
  failover: false,
  overprovisioningPercent: 140,
};

/** Envoy `MaglevLbConfig`, `RingHashLbConfig`, `SlowStartConfig`, `ZoneAwareLbConfig`. */
const defaults = {
  tableSize: defaultMaglevPlaces,
  minimumRingSize: defaultRingPoints,
  aggression: 1,
  minWeightPercent: 10,
  minEndpoints: 6,
  percentageEnabled: 100,
  forceMinEndpoints: 1,
} as const;

/** The section of the most specific layer that has one: its parts make sense together only. */
export function effectiveLoadBalancer(layers: readonly (LoadBalancer | undefined)[]): EffectiveLoadBalancer {
  const written = layers.find((layer) => layer !== undefined);
  if (written === undefined) return builtInLoadBalancer;
  const { type, consistentHash, peakEwma, slowStart, zoneAware } = written;
  const preferLocal = zoneAware?.preferLocal;
  return {
    type,
    consistentHash:
      consistentHash === undefined
        ? null
        : {
            algorithm: consistentHash.algorithm ?? 'Maglev',
            tableSize: consistentHash.tableSize ?? defaults.tableSize,
            minimumRingSize: consistentHash.minimumRingSize ?? defaults.minimumRingSize,
            hashBalanceFactor: consistentHash.hashBalanceFactor ?? 0,
            hashOn: hashOn(consistentHash),
          },
    peakEwma: {
      decayMs: optionalDurationMs(peakEwma?.decayTime) ?? builtInLoadBalancer.peakEwma.decayMs,
      defaultRttMs: optionalDurationMs(peakEwma?.defaultRtt) ?? builtInLoadBalancer.peakEwma.defaultRttMs,
    },
    slowStart:
      slowStart === undefined
        ? null
        : {
            windowMs: durationMs(slowStart.window),
            aggression: slowStart.aggression ?? defaults.aggression,
            minWeightPercent: slowStart.minWeightPercent ?? defaults.minWeightPercent,
          },
    preferLocal:
      preferLocal === undefined
        ? null
        : {
            minEndpoints: preferLocal.minEndpointsThreshold ?? defaults.minEndpoints,
            percentageEnabled: preferLocal.percentageEnabled ?? defaults.percentageEnabled,
            forceMinEndpoints:
              preferLocal.force === undefined
                ? 0
                : (preferLocal.force.minEndpointsInZoneThreshold ?? defaults.forceMinEndpoints),
          },
    weightedZones:
      zoneAware?.weightedZones === undefined
        ? null
        : new Map(zoneAware.weightedZones.map(({ zone, weight }) => [zone, weight])),
    failover: zoneAware?.failover ?? false,
    overprovisioningPercent: zoneAware?.overprovisioningFactor ?? builtInLoadBalancer.overprovisioningPercent,
  };
}

function hashOn({
  type,
  header,
  headers,
  cookie,
  queryParams,
}: NonNullable<LoadBalancer['consistentHash']>): readonly HashOn[] {
  switch (type) {
    case 'SourceIP':
      return [{ kind: 'source-ip' }];
    case 'Header':
      return header === undefined ? [] : [{ kind: 'header', name: header.name }];
    case 'Headers':
      return (headers ?? []).map(({ name }) => ({ kind: 'header', name }));
    case 'QueryParams':
      return (queryParams ?? []).map(({ name }) => ({ kind: 'query', name }));
    case 'Cookie':
      if (cookie === undefined) return [];
      return [
        {
          kind: 'cookie',
          name: cookie.name,
          ttlMs: optionalDurationMs(cookie.ttl),
          attributes: Object.entries(cookie.attributes ?? {}),
        },
      ];
  }
}
