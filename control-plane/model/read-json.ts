import type { ReadText, SyntaxFault, TextPosition } from './document-text.ts';
import type { ValuePath } from './document-violation.ts';
import { maxDepth } from './plain-value.ts';

/**
 * Reads one JSON text. `JSON.parse` decides what is JSON; a scan over the same text then finds what it passes over
 * silently: a field that stands twice, of which the last would count, and nesting too deep to walk.
 */
export function readJson(text: string): ReadText {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { documents: [], faults: [syntaxFault(text, error)] };
  }
  const repeated: SyntaxFault[] = [];
  const isShallow = scanJson(text, (_path, keyOffset, _valueOffset, isRepeated) => {
    if (isRepeated) repeated.push({ message: 'this field stands here twice', position: positionAt(text, keyOffset) });
  });
  if (!isShallow)
    return { documents: [], faults: [{ message: `a document has at most ${maxDepth} levels`, position: null }] };
  if (repeated.length > 0) return { documents: [], faults: repeated };
  let index: PositionIndex | null = null;
  const locate = (path: ValuePath, at: 'key' | 'value') => {
    index ??= new PositionIndex(text);
    return index.locate(path, at);
  };
  return { documents: [{ value, start: positionAt(text, text.search(/\S/)), locate }], faults: [] };
}

function syntaxFault(text: string, error: unknown): SyntaxFault {
  const message = error instanceof Error ? error.message : '';
  const offset = /at position (\d+)/.exec(message)?.[1];
  const position = offset === undefined ? null : positionAt(text, Number(offset));
  return {
    message: text.trim() === '' ? 'the body is empty' : 'not JSON: the text breaks off or has a stray character',
    position,
  };
}

/** Where every value of a text stands, worked out once, when the first fault is to be placed. */
class PositionIndex {
  readonly #offsets = new Map<string, { readonly key: number; readonly value: number }>();
  readonly #lineStarts = [0];
  readonly #start: number;

  constructor(text: string) {
    this.#start = Math.max(0, text.search(/\S/));
    scanJson(text, (path, key, value) => this.#offsets.set(JSON.stringify(path), { key, value }));
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) this.#lineStarts.push(end + 1);
  }

  locate(path: ValuePath, at: 'key' | 'value'): TextPosition {
    for (let length = path.length; length > 0; length--) {
      const offsets = this.#offsets.get(JSON.stringify(path.slice(0, length)));
      if (offsets !== undefined) return this.#position(length === path.length ? offsets[at] : offsets.value);
    }
    return this.#position(this.#start);
  }

  #position(offset: number): TextPosition {
    let line = this.#lineStarts.findIndex((start) => start > offset);
    if (line === -1) line = this.#lineStarts.length;
    return { line, column: offset - (this.#lineStarts[line - 1] ?? 0) + 1 };
  }
}

type Visit = (path: readonly (string | number)[], keyOffset: number, valueOffset: number, isRepeated: boolean) => void;

/**
 * Walks over JSON that is known to be well-formed, without recursion, and calls back at each value inside a container.
 * The path is one array that changes; false when the text nests deeper than {@link maxDepth}.
 */
function scanJson(text: string, visit: Visit): boolean {
  const path: (string | number)[] = [];
  /** For each open container the keys seen so far; `null` for a list. */
  const open: (Set<string> | null)[] = [];
  const token = /["[\]{},]|[^\s"[\]{},:]+/g;
  let keyOffset = -1;
  let isRepeated = false;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [word] = match;
    if (word === '"') token.lastIndex = endOfString(text, match.index);
    const keys = open.at(-1);
    if (word === ',') {
      if (keys === null) path.push(Number(path.pop()) + 1);
      continue;
    }
    if (word === ']' || word === '}') {
      open.pop();
      path.pop();
      keyOffset = -1;
      continue;
    }
    if (keys instanceof Set && keyOffset === -1) {
      const key = String(JSON.parse(text.slice(match.index, token.lastIndex)));
      isRepeated = keys.has(key);
      keys.add(key);
      path.pop();
      path.push(key);
      keyOffset = match.index;
      continue;
    }
    if (open.length > 0) visit(path, keyOffset === -1 ? match.index : keyOffset, match.index, isRepeated);
    keyOffset = -1;
    isRepeated = false;
    if (word === '[' || word === '{') {
      if (open.length >= maxDepth) return false;
      open.push(word === '[' ? null : new Set());
      path.push(word === '[' ? 0 : '');
    }
  }
  return true;
}

/** Offset behind the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index + 1;
}

function positionAt(text: string, offset: number): TextPosition {
  const before = text.slice(0, Math.max(0, offset));
  const lastBreak = before.lastIndexOf('\n');
  let line = 1;
  for (let index = before.indexOf('\n'); index !== -1; index = before.indexOf('\n', index + 1)) line++;
  return { line, column: before.length - lastBreak };
}
