import type { Statistic } from './statistic.ts';
import { counter, gauge } from './statistic.ts';

type Direction = 'request' | 'response';

/** What is counted of the bodies of one direction. */
interface BandwidthNumbers {
  readonly enabled: number;
  readonly enforced: number;
  readonly pending: number;
  readonly incomingBytes: number;
  readonly allowedBytes: number;
}

type Key<D extends Direction> = `${D}Bandwidth${Capitalize<keyof BandwidthNumbers>}`;

/** Limits of bandwidth, by Envoy's names of `http_bandwidth_limit`; its histograms of durations are in no number. */
export const bandwidthStatistics = { ...rowsOf('request', 'requests'), ...rowsOf('response', 'answers') };

/** A number for each row. */
export function bandwidthNumbers(of: Readonly<Record<Direction, BandwidthNumbers>>) {
  return { ...numbersOf('request', of.request), ...numbersOf('response', of.response) };
}

function rowsOf<D extends Direction>(direction: D, whose: string): Readonly<Record<Key<D>, Statistic>> {
  const name = `heddle_bandwidth_limit_${direction}`;
  return {
    [`${direction}BandwidthEnabled`]: counter(
      `${name}_enabled_total`,
      `Bodies of ${whose} under a limit of bandwidth.`,
    ),
    [`${direction}BandwidthEnforced`]: counter(`${name}_enforced_total`, `Bodies of ${whose} that it held up.`),
    [`${direction}BandwidthPending`]: gauge(`${name}_pending`, `Bodies of ${whose} that are on their way through it.`),
    [`${direction}BandwidthIncomingBytes`]: counter(
      `${name}_incoming_bytes_total`,
      `Bytes of ${whose} that came to it.`,
    ),
    [`${direction}BandwidthAllowedBytes`]: counter(
      `${name}_allowed_bytes_total`,
      `Bytes of ${whose} that it let pass.`,
    ),
  } as Readonly<Record<Key<D>, Statistic>>; // the compiler widens computed keys
}

function numbersOf<D extends Direction>(direction: D, of: BandwidthNumbers): Readonly<Record<Key<D>, number>> {
  return {
    [`${direction}BandwidthEnabled`]: of.enabled,
    [`${direction}BandwidthEnforced`]: of.enforced,
    [`${direction}BandwidthPending`]: of.pending,
    [`${direction}BandwidthIncomingBytes`]: of.incomingBytes,
    [`${direction}BandwidthAllowedBytes`]: of.allowedBytes,
  } as Readonly<Record<Key<D>, number>>; // likewise
}
