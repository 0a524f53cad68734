import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import { fromStruct, toStruct } from './struct.ts';

/** Envoy has a field for the end of a cookie alone, so other bounds of sessions travel as metadata of a route. */
const SESSION_METADATA = 'heddle.session';

/** How long a client stays with its endpoint; 0 is no bound. */
export interface SessionBounds {
  /** Also where the client keeps its cookie for as long as it likes, and where there is no cookie. */
  readonly absoluteMs: number;
  /** Without a request. */
  readonly idleMs: number;
}

export function formatSessionBounds({ absoluteMs, idleMs }: SessionBounds): NonNullable<Metadata['filter_metadata']> {
  return { [SESSION_METADATA]: toStruct({ absoluteMs, idleMs }) };
}

/** Takes anything: what is missing or makes no sense is no bound. */
export function parseSessionBounds(metadata: Metadata__Output | null): SessionBounds {
  const { absoluteMs, idleMs } = fromStruct(metadata?.filter_metadata[SESSION_METADATA]);
  return { absoluteMs: bound(absoluteMs), idleMs: bound(idleMs) };
}

function bound(said: unknown): number {
  return typeof said === 'number' && said > 0 && Number.isFinite(said) ? said : 0;
}
