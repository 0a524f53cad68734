import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import { fromStruct, toStruct } from './struct.ts';

/** Envoy has no field for it, so it travels as metadata of a route. */
export const FALLBACK_METADATA = 'heddle.fallback';

/** What becomes of requests that cannot be sent where their route leads: another cluster, or an answer. */
export type FallbackMetadata =
  | { readonly kind: 'cluster'; readonly cluster: string }
  | { readonly kind: 'respond'; readonly status: number; readonly contentType: string; readonly body: string };

export function formatFallbackMetadata(fallback: FallbackMetadata): NonNullable<Metadata['filter_metadata']> {
  return { [FALLBACK_METADATA]: toStruct({ ...fallback }) };
}

/** Takes anything: what is missing or of another type is no fallback. */
export function parseFallbackMetadata(metadata: Metadata__Output | null): FallbackMetadata | null {
  const { kind, cluster, status, contentType, body } = fromStruct(metadata?.filter_metadata[FALLBACK_METADATA]);
  if (kind === 'cluster' && typeof cluster === 'string' && cluster !== '') return { kind, cluster };
  const isAnswer = typeof status === 'number' && status >= 200 && status <= 599 && Number.isInteger(status);
  if (kind !== 'respond' || !isAnswer || typeof contentType !== 'string' || typeof body !== 'string') return null;
  // both are sent as they are
  const isPlain = /^[\x20-\x7e]*$/.test(contentType) && /^[\x20-\x7e\r\n\t]*$/.test(body);
  return isPlain ? { kind, status, contentType, body } : null;
}
