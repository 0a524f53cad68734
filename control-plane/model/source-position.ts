import type { ModelDocument } from './kinds.ts';

/**
 * Where a document was written: `routes/cart.yaml:1 rules 12,24`. File and line of the document, and for a route the line
 * of each of its rules.
 *
 * It is an annotation so that it survives every way a document takes, the REST API and Kubernetes included, and so that
 * a route in a sidecar can say which line it came from. Whoever reads a file sets it; it is information, never trusted.
 */
export const sourceAnnotation = 'heddle.dev/source';

export interface SourcePosition {
  readonly file: string;
  readonly line: number;
}

/** Longer file names are cut at the front: the end says more. */
const maxFileNameLength = 512;

export function formatSource(position: SourcePosition, ruleLines: readonly number[]): string {
  const file = position.file.replaceAll(/\p{Cc}/gu, ' ').slice(-maxFileNameLength);
  const rules = ruleLines.length > 0 ? ` rules ${ruleLines.join(',')}` : '';
  return `${file}:${position.line}${rules}`;
}

/** Without control characters: it is shown on terminals, and anybody may have written it. */
const sourcePattern = /^(\P{Cc}{1,512}):(\d{1,7})(?: rules (\d{1,7}(?:,\d{1,7}){0,63}))?$/u;

/** Where the document was written; `null` when nobody said, or not in the form above. */
export function sourceOf(document: ModelDocument): (SourcePosition & { readonly ruleLines: readonly number[] }) | null {
  const text = document.metadata.annotations?.[sourceAnnotation];
  const match = text === undefined ? null : sourcePattern.exec(text);
  if (match === null) return null;
  const [, file = '', line, rules] = match;
  return { file, line: Number(line), ruleLines: rules === undefined ? [] : rules.split(',').map(Number) };
}

/** Where rule number `rule` of a route was written; where the route begins when its rules were not noted. */
export function ruleSource(document: ModelDocument, rule: number): SourcePosition | null {
  const source = sourceOf(document);
  return source === null ? null : { file: source.file, line: source.ruleLines[rule] ?? source.line };
}
