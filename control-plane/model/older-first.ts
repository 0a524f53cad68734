interface Dated {
  readonly name: string;
  /** Absent where the documents are all of one namespace, or of none. */
  readonly namespace?: string | undefined;
  readonly creationTimestamp?: string | null | undefined;
}

/** Who was there first decides, and among those of one age the first by `namespace/name` (GEP-713). */
export function olderFirst(a: Dated, b: Dated): number {
  return createdAtMs(a) - createdAtMs(b) || compareText(nameOf(a), nameOf(b));
}

/** Milliseconds since the epoch; a document that does not say when it was made counts as the youngest. */
export function createdAtMs({ creationTimestamp }: Pick<Dated, 'creationTimestamp'>): number {
  const ms = Date.parse(creationTimestamp ?? '');
  return Number.isNaN(ms) ? Number.MAX_SAFE_INTEGER : ms;
}

function nameOf({ namespace = '', name }: Dated): string {
  return `${namespace}/${name}`;
}

/** By code unit: the locale of a host must never decide who was first. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
