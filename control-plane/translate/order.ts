/** By code unit: the locale of a host must never decide the order of a route table. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Milliseconds since the epoch; a document that does not say when it was made counts as the youngest. */
export function createdAtMs(metadata: { readonly creationTimestamp?: string | null | undefined }): number {
  const ms = Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(ms) ? Number.MAX_SAFE_INTEGER : ms;
}
