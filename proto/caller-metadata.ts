/** What travels beside a cluster whose requests are to stay in their zone: how many instances of the caller run where. */
import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import { HEDDLE_METADATA } from './names.ts';
import { fromStruct, toStruct } from './struct.ts';

/** Instances of one service at one place. */
export interface CallersAt {
  /** Empty where nobody said. */
  readonly region: string;
  readonly zone: string;
  readonly count: number;
}

export function formatCallers(callers: readonly CallersAt[]): NonNullable<Metadata['filter_metadata']> {
  return {
    [HEDDLE_METADATA]: toStruct({ callers: callers.map(({ region, zone, count }) => ({ region, zone, count })) }),
  };
}

/** Takes anything: what is missing or of another type counts as not said. */
export function parseCallers(metadata: Metadata__Output | null): readonly CallersAt[] {
  const { callers } = fromStruct(metadata?.filter_metadata[HEDDLE_METADATA]);
  if (!Array.isArray(callers)) return [];
  return callers.flatMap((said) => {
    if (typeof said !== 'object' || said === null || Array.isArray(said)) return [];
    const { region, zone, count } = said;
    return typeof region === 'string' && typeof zone === 'string' && typeof count === 'number' && count > 0
      ? [{ region, zone, count }]
      : [];
  });
}
