/** Endpoints of one locality at one priority level. */
export interface LocalityMembers<C> {
  /** Where the requests come from. */
  readonly isOwn: boolean;
  /** `LocalityLbEndpoints.load_balancing_weight`; 0 where nobody said. */
  readonly weight: number;
  /** That may be picked. */
  readonly usable: readonly C[];
  /** How many there are, the ill ones included. */
  readonly total: number;
  /** Callers there, of the service that asks; 0 where nobody knows. */
  readonly callers: number;
}

/** Part of the requests of a level, in millionths of it. */
export interface LocalityShare<C> {
  readonly candidates: readonly C[];
  readonly share: number;
}

/** Shares are whole numbers, as `SharedPicker` wants them. */
const whole = 1_000_000;

/** Which zones to keep requests in, and when (Envoy `ZoneAwareLbConfig`). */
export interface ZoneAware {
  /** Share of the requests that are routed so. Default 100. */
  readonly routingEnabledPercent: number;
  /** With fewer usable endpoints zones do not count. Default 6. */
  readonly minClusterSize: number;
  /** With so many usable endpoints in the caller's own zone all requests stay in it; 0 leaves it to the proportions. */
  readonly forceLocalMinSize: number;
}

/** Envoy `ZoneAwareLbConfig.min_cluster_size`. */
export const defaultMinClusterSize = 6;

/**
 * Localities by their weights: one that is not healthy enough takes less, in proportion, once that falls below what the
 * overprovisioning factor makes good. Those without weight take nothing. Null where there is nothing to divide.
 *
 * Source: Envoy, "Locality weighted load balancing".
 */
export function weightedSplit<C>(
  localities: readonly LocalityMembers<C>[],
  overprovisioningPercent: number,
): readonly LocalityShare<C>[] | null {
  const effective = localities.map(({ weight, usable, total }) => {
    const available = total === 0 ? 0 : Math.min(1, (overprovisioningPercent / 100) * (usable.length / total));
    return weight * available;
  });
  return inProportion(localities, effective);
}

/**
 * Keeps requests in the caller's own zone. While the zone has at least the share of the endpoints that it has of the callers,
 * all stay; otherwise as many as it can take, and the rest goes to zones that have more endpoints than callers, by how many
 * more. Null where zones do not count: too few endpoints, one zone, none in the caller's own, or unknown callers. `callers` are
 * all there are, those of zones without endpoints too.
 *
 * Source: Envoy, "Zone aware routing" (`ZoneAwareLoadBalancerBase::regenerateLocalityRoutingStructures`,
 * `calculateLocalityPercentages`), on healthy hosts.
 */
export function zoneSplit<C>(
  localities: readonly LocalityMembers<C>[],
  { routingEnabledPercent, minClusterSize, forceLocalMinSize }: ZoneAware,
  callers: number,
): readonly LocalityShare<C>[] | null {
  const own = localities.find(({ isOwn }) => isOwn);
  const endpoints = localities.reduce((sum, { usable }) => sum + usable.length, 0);
  if (own === undefined || own.usable.length === 0 || localities.length < 2 || endpoints < minClusterSize) return null;
  const everywhere = localities.map(({ usable }) => usable.length / endpoints);
  const near = nearShares(localities, own, endpoints, callers, forceLocalMinSize);
  if (near === null) return null;
  const enabled = routingEnabledPercent / 100;
  return inProportion(
    localities,
    near.map((share, index) => share * enabled + (everywhere[index] as number) * (1 - enabled)),
  );
}

function nearShares<C>(
  localities: readonly LocalityMembers<C>[],
  own: LocalityMembers<C>,
  endpoints: number,
  callers: number,
  forceLocalMinSize: number,
): readonly number[] | null {
  const allOwn = localities.map((locality) => (locality === own ? 1 : 0));
  if (forceLocalMinSize > 0 && own.usable.length >= forceLocalMinSize) return allOwn;
  if (callers === 0 || own.callers === 0) return null;
  const more = localities.map((locality) => locality.usable.length / endpoints - locality.callers / callers);
  const ownShare = own.usable.length / endpoints / (own.callers / callers);
  if (ownShare >= 1) return allOwn;
  const room = more.reduce((sum, surplus) => sum + Math.max(0, surplus), 0);
  return localities.map((locality, index) =>
    locality === own ? ownShare : (1 - ownShare) * (Math.max(0, more[index] as number) / room),
  );
}

function inProportion<C>(
  localities: readonly LocalityMembers<C>[],
  shares: readonly number[],
): readonly LocalityShare<C>[] | null {
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (total === 0) return null;
  return localities.flatMap(({ usable }, index) => {
    const share = Math.round(((shares[index] as number) / total) * whole);
    return share > 0 && usable.length > 0 ? [{ candidates: usable, share }] : [];
  });
}
