/** What travels beside the faults of a route: which document asks for them, and until when. */
import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import { FAULT_METADATA } from './names.ts';
import { fromStruct, toStruct } from './struct.ts';

export interface FaultOrigin {
  /** `FaultInjection/default/slow-cart` */
  readonly document: string;
  /** '' and 0 when the document did not come from a file. */
  readonly file: string;
  readonly line: number;
  /** Milliseconds since 1970: from then on there is no fault. The sidecar's clock decides, for it may be alone by then. */
  readonly untilMs: number;
}

export function formatFaultMetadata(origin: FaultOrigin): NonNullable<Metadata['filter_metadata']> {
  return { [FAULT_METADATA]: toStruct({ ...origin }) };
}

/** Null where nothing is said, or not all of it: a fault without an end is none. */
export function parseFaultMetadata(metadata: Metadata__Output | null): FaultOrigin | null {
  const { document, file, line, untilMs } = fromStruct(metadata?.filter_metadata[FAULT_METADATA]);
  if (typeof document !== 'string' || typeof untilMs !== 'number') return null;
  return {
    document,
    untilMs,
    file: typeof file === 'string' ? file : '',
    line: typeof line === 'number' ? line : 0,
  };
}
