import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import { fromStruct, toStruct } from './struct.ts';

/** Envoy rewrites the path for a whole route, and has no field for one of its clusters; so it travels as metadata of the route. */
const BACKEND_PATHS_METADATA = 'heddle.backend_paths';

/** What takes the place of the whole path, or of the prefix that the route matched on. */
export type BackendPath = { readonly full: string } | { readonly prefix: string };

/** One for each of the route's weighted clusters, in their order; null for what the route says. */
export function formatBackendPaths(paths: readonly (BackendPath | null)[]): NonNullable<Metadata['filter_metadata']> {
  return { [BACKEND_PATHS_METADATA]: toStruct({ paths: paths.map((path) => (path === null ? null : { ...path })) }) };
}

/** Takes anything: what is missing or of another type counts as not said. Whether a text is a path is not looked at. */
export function parseBackendPaths(metadata: Metadata__Output | null): readonly (BackendPath | null)[] {
  const { paths } = fromStruct(metadata?.filter_metadata[BACKEND_PATHS_METADATA]);
  if (!Array.isArray(paths)) return [];
  return paths.map((said) => {
    if (typeof said !== 'object' || said === null || Array.isArray(said)) return null;
    if (typeof said.full === 'string') return { full: said.full };
    return typeof said.prefix === 'string' ? { prefix: said.prefix } : null;
  });
}
