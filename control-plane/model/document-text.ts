import type { ValuePath } from './document-violation.ts';

export interface TextPosition {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

/** One document of a text, read but not yet understood. */
export interface DocumentText {
  readonly value: unknown;
  /** Where the document begins. */
  readonly start: TextPosition;
  /** Where the key or value at `path` stands, or what comes closest to it when there is no such value. */
  locate(path: ValuePath, at: 'key' | 'value'): TextPosition;
}

/** What keeps a text from being read at all. */
export interface SyntaxFault {
  readonly message: string;
  readonly position: TextPosition | null;
}

export interface ReadText {
  readonly documents: readonly DocumentText[];
  readonly faults: readonly SyntaxFault[];
}
