import type { CallersAt } from '../../proto/caller-metadata.ts';
import type { BuildPicker, Picker } from '../balance/balancer.ts';
import type { ClusterLoad } from '../balance/bounded-load.ts';
import { withBoundedLoad } from '../balance/bounded-load.ts';
import type { HashTables } from '../balance/hash-tables.ts';
import { buildLeastRequest } from '../balance/least-request.ts';
import type { LocalityMembers, LocalityShare } from '../balance/locality-split.ts';
import { weightedSplit, zoneSplit } from '../balance/locality-split.ts';
import { maglevTable } from '../balance/maglev.ts';
import { buildPeakEwma } from '../balance/peak-ewma.ts';
import { buildRandom } from '../balance/random.ts';
import { ringTable } from '../balance/ring-hash.ts';
import { buildRoundRobin } from '../balance/round-robin.ts';
import { sharedPicker } from '../balance/shared-picker.ts';
import type { PickableShare } from '../resilience/healthy-set.ts';
import { choosePickable } from '../resilience/healthy-set.ts';
import type { BalancerConfig } from './balancer-config.ts';
import type { ClusterConfig } from './cluster-config.ts';
import type { Endpoint } from './endpoint.ts';
import type { OwnLocality, Place } from './place.ts';
import { nowhere } from './place.ts';

/** A picker over the endpoints of a cluster, and what the choice of them came to. */
export interface PublishedPicker {
  readonly picker: Picker<Endpoint>;
  readonly isPanicking: boolean;
  /** Percent of the requests that each priority level takes. */
  readonly levelPercents: readonly number[];
}

/**
 * Builds what a cluster publishes: levels, within each the localities, within each the balancer. What there is one of costs a
 * request nothing.
 */
export function buildPicker(
  endpoints: readonly Endpoint[],
  { balancer, panicThresholdPercent }: Pick<ClusterConfig, 'balancer' | 'panicThresholdPercent'>,
  own: OwnLocality | null,
  random: () => number,
  tables: HashTables,
  load: ClusterLoad,
): PublishedPicker {
  const overprovisioningPercent = (endpoints[0]?.config.place ?? nowhere).overprovisioningPercent;
  const { shares, isPanicking } = choosePickable(endpoints, panicThresholdPercent, overprovisioningPercent);
  const build = builders[balancer.kind](balancer, tables, load);
  const levelPercents: number[] = [];
  for (const { priority, percent } of shares) {
    while (levelPercents.length <= priority) levelPercents.push(0);
    levelPercents[priority] = (levelPercents[priority] as number) + percent;
  }
  const pickers = shares.map((share) => {
    const localities = share.isPanicking ? null : splitByLocality(share, balancer, own, overprovisioningPercent);
    const parts = localities ?? [{ candidates: share.endpoints, share: 1 }];
    const picker = sharedPicker(
      parts.map((part) => ({ picker: build(part.candidates, random), share: part.share })),
      random,
    );
    return { picker, share: share.percent };
  });
  return { picker: sharedPicker(pickers, random), isPanicking, levelPercents };
}

function splitByLocality(
  { endpoints, staying, priority }: PickableShare<Endpoint>,
  { localities }: BalancerConfig,
  own: OwnLocality | null,
  overprovisioningPercent: number,
): readonly LocalityShare<Endpoint>[] | null {
  if (localities === null) return null;
  const callers = localities.kind === 'zone-aware' ? localities.callers : [];
  const members = groupByLocality(endpoints, staying, own, callers);
  if (localities.kind === 'weighted') return weightedSplit(members, overprovisioningPercent);
  // Envoy: only the first level, the one that is in use, can be near
  if (own === null || priority > 0) return null;
  return zoneSplit(
    members,
    localities,
    callers.reduce((sum, { count }) => sum + count, 0),
  );
}

function groupByLocality(
  endpoints: readonly Endpoint[],
  staying: readonly Endpoint[],
  own: OwnLocality | null,
  callers: readonly CallersAt[],
): readonly LocalityMembers<Endpoint>[] {
  const groups = new Map<string, LocalityMembers<Endpoint> & { usable: Endpoint[]; total: number }>();
  const groupOf = ({ region, zone, subZone, weight }: Place) => {
    const key = JSON.stringify([region, zone, subZone]);
    let group = groups.get(key);
    if (group === undefined) {
      const isOwn = own !== null && own.region === region && own.zone === zone;
      const count = callers.find((at) => at.region === region && at.zone === zone)?.count ?? 0;
      group = { isOwn, weight, usable: [], total: 0, callers: count };
      groups.set(key, group);
    }
    return group;
  };
  for (const { config } of staying) groupOf(config.place).total++;
  for (const endpoint of endpoints) groupOf(endpoint.config.place).usable.push(endpoint);
  return [...groups.values()];
}

type ChooseBuilder = (config: BalancerConfig, tables: HashTables, load: ClusterLoad) => BuildPicker;

const builders: Readonly<Record<BalancerConfig['kind'], ChooseBuilder>> = {
  'round-robin': () => buildRoundRobin,
  'least-request': () => buildLeastRequest,
  random: () => buildRandom,
  'peak-ewma': () => buildPeakEwma,
  'ring-hash': (config, tables, load) =>
    bounded(config, tables.balancer(ringTable(config.minRingSize, config.maxRingSize)), load),
  maglev: (config, tables, load) => bounded(config, tables.balancer(maglevTable(config.tableSize)), load),
};

function bounded({ hashBalancePercent }: BalancerConfig, build: BuildPicker, load: ClusterLoad): BuildPicker {
  return hashBalancePercent === 0 ? build : withBoundedLoad(build, hashBalancePercent, load);
}
