/** A field that one write has given another value. */
export interface FieldChange {
  /** `spec.rules[0].backendRefs[1].weight` */
  readonly path: string;
  /** As JSON, shortened; '' for none. */
  readonly before: string;
  readonly after: string;
}

/** Of one write, so many are told; a reader of more reads the documents. */
const maxFields = 8;
const maxValueLength = 60;

/** What the server writes, and where a document was written: nobody asked for these. */
const untold: ReadonlySet<string> = new Set([
  'metadata.managedFields',
  'metadata.creationTimestamp',
  'metadata.generation',
  'metadata.uid',
  'metadata.annotations["heddle.dev/source"]',
]);

/**
 * Where two documents differ, in the order of the later one: the fields themselves and not what is around them, but a list
 * whose length has changed as a whole. At most 8; none of what are no documents.
 */
export function fieldChanges(before: unknown, after: unknown): readonly FieldChange[] {
  const found: FieldChange[] = [];
  if (isObject(before) && isObject(after)) compare(before, after, '', found);
  return found;
}

function compare(before: unknown, after: unknown, path: string, found: FieldChange[]): void {
  if (found.length >= maxFields || untold.has(path)) return;
  if (path === 'metadata.annotations' && (before === undefined || after === undefined)) {
    compare(before ?? {}, after ?? {}, path, found); // they may hold nothing but what is not told
  } else if (isObject(before) && isObject(after)) {
    for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
      compare(before[key], after[key], joined(path, key), found);
    }
  } else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, value] of after.entries()) compare(before[index], value, `${path}[${index}]`, found);
  } else if (JSON.stringify(before) !== JSON.stringify(after)) {
    found.push({ path, before: inWords(before), after: inWords(after) });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function joined(path: string, key: string): string {
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

function inWords(value: unknown): string {
  const text = value === undefined ? '' : JSON.stringify(value);
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength - 1)}…` : text;
}
