/** By code unit: the locale of a host must never decide the order of a route table. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Who was there first decides, and among those of one age the name (GEP-713). */
export function olderFirst(
  a: { readonly name: string; readonly creationTimestamp?: string | null | undefined },
  b: { readonly name: string; readonly creationTimestamp?: string | null | undefined },
): number {
  return createdAtMs(a) - createdAtMs(b) || compareText(a.name, b.name);
}

/** Milliseconds since the epoch; a document that does not say when it was made counts as the youngest. */
export function createdAtMs(metadata: { readonly creationTimestamp?: string | null | undefined }): number {
  const ms = Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(ms) ? Number.MAX_SAFE_INTEGER : ms;
}
