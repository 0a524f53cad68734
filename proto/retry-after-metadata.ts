import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import { fromStruct, toStruct } from './struct.ts';

/** Envoy has no field for it, so it travels as metadata of a cluster. */
const RETRY_AFTER_METADATA = 'heddle.retry_after';

/** Nobody is passed over for longer, whatever it says. */
export const MAX_REST_MS = 300_000;

/** For how long, at most, an endpoint is passed over that has asked for it. */
export function formatMaxRest(maxRestMs: number): NonNullable<Metadata['filter_metadata']> {
  return { [RETRY_AFTER_METADATA]: toStruct({ maxMs: maxRestMs }) };
}

/** 0 where nothing is said, or nothing that makes sense. */
export function parseMaxRest(metadata: Metadata__Output | null): number {
  const { maxMs } = fromStruct(metadata?.filter_metadata[RETRY_AFTER_METADATA]);
  return typeof maxMs === 'number' && maxMs > 0 ? Math.min(maxMs, MAX_REST_MS) : 0;
}
