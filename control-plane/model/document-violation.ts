import type { Violation } from '../../proto/violation.ts';

/** Where a value stands in a document: `['spec', 'rules', 0, 'backendRefs']`. */
export type ValuePath = readonly (string | number)[];

/** One fault of a document before it is known where in a file it stands. */
export interface Fault {
  readonly path: ValuePath;
  /** Whether the key is at fault (an unknown field) or what it holds. */
  readonly at: 'key' | 'value';
  readonly message: string;
  /** The word that was probably meant. */
  readonly suggestion: string | null;
}

/** One fault of a document, as users see it. Serializable. */
export interface DocumentViolation extends Violation {
  /** `spec.rules[0].backendRefs[1].weight`; empty when the whole document is meant. */
  readonly path: string;
  /** A sentence without a period, complete with the suggestion: `unknown field wieght; did you mean weight?` */
  readonly message: string;
  /** A warning does not keep the document from being applied. */
  readonly severity: 'error' | 'warning';
  readonly suggestion: string | null;
  /** `HTTPRoute/default/cart`; `null` when it is not known whose fault it is. */
  readonly document: string | null;
  readonly file: string | null;
  /** From 1; `null` when the document did not come as text. */
  readonly line: number | null;
  readonly column: number | null;
}

/** The way a path is written in messages; keys that are no plain words are quoted, and cut after 100 characters. */
export function formatPath(path: ValuePath): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part.slice(0, 100))}]`;
  }
  return text;
}

/** The parts of a path that {@link formatPath} wrote. */
export function parsePath(text: string): ValuePath {
  return [...text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)].map(([, index, quoted, word]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (word ?? '') : String(JSON.parse(quoted));
  });
}

/** `cart.yaml:8:5  error  message (path)`: one line per violation, the form editors and terminals make clickable. */
export function formatViolation(violation: DocumentViolation): string {
  const { file, line, column, severity, message, path, document } = violation;
  const where = file !== null ? [file, line, column].filter((part) => part !== null).join(':') : (document ?? '');
  return [where, severity, path === '' ? message : `${message}  (${path})`].filter((part) => part !== '').join('  ');
}
