import type { Document, Node } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, visit } from 'yaml';
import type { DocumentText, ReadText, SyntaxFault, TextPosition } from './document-text.ts';
import type { ValuePath } from './document-violation.ts';
import { yamlBoundsFault } from './yaml-bounds.ts';
import type { YamlFault } from './yaml-faults.ts';
import { starInWords, yamlFaults } from './yaml-faults.ts';

/** Aliases in one document, counted as often as they are used; the yaml library's own bound. */
const maxAliases = 100;

/** Reads YAML 1.2, up to `maxDocuments` documents in one text. Empty documents are left out. */
export function readYaml(text: string, maxDocuments: number): ReadText {
  const outOfBounds = yamlBoundsFault(text, maxDocuments);
  if (outOfBounds !== null) return { documents: [], faults: [outOfBounds] };
  const lines = new LineCounter();
  const position = (offset: number): TextPosition => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  // the library compares every key of a map with every other; we look for repeated ones ourselves, in linear time
  const parsed = parseAllDocuments(text, { lineCounter: lines, merge: true, prettyErrors: false, uniqueKeys: false });
  const documents: DocumentText[] = [];
  const faults: SyntaxFault[] = [];
  for (const document of 'empty' in parsed ? [] : parsed) {
    const found = [
      ...yamlFaults([...document.errors, ...document.warnings], text, position),
      ...repeatedKeys(document, (offset) => position(offset).line),
    ].map(({ message, offset }) => ({ message, position: position(offset) }));
    faults.push(...found);
    if (found.length > 0) continue;
    const start = position(document.contents?.range?.[0] ?? document.range[0]);
    const read = toValue(document);
    if ('fault' in read) faults.push({ message: read.fault, position: start });
    else if (read.value !== null) {
      const locate = (path: ValuePath, at: 'key' | 'value') => position(offsetOf(document, path, at));
      documents.push({ value: read.value, start, locate });
    }
  }
  return { documents, faults };
}

/** The value, or why it cannot be built. */
function toValue(document: Document.Parsed): { value: unknown } | { fault: string } {
  try {
    return { value: document.toJS({ maxAliasCount: maxAliases }) };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    const isBomb = error.message.startsWith('Excessive');
    const alias = /: ([^:]+)$/.exec(error.message)?.[1] ?? '';
    return { fault: isBomb ? 'aliases in this document expand too far' : starInWords(`*${alias}`) };
  }
}

/** Keys that stood in their map before; those of a whole document are one fault, for what is missing is the line before it. */
function repeatedKeys(document: Document.Parsed, lineOf: (offset: number) => number): readonly YamlFault[] {
  const faults: YamlFault[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Map<string, number>();
      const repeated = new Map<string, YamlFault>();
      for (const { key } of map.items) {
        if (!isScalar(key) || key.value === '<<') continue;
        const [name, offset] = [String(key.value), key.range?.[0] ?? 0];
        const first = seen.get(name);
        if (first === undefined) seen.set(name, offset);
        else repeated.set(name, { message: `this field stands here twice, first on line ${lineOf(first)}`, offset });
      }
      const [begins] = repeated.values();
      const isDocument = map === document.contents && repeated.has('kind') && repeated.has('apiVersion');
      if (isDocument && begins !== undefined) {
        faults.push({ ...begins, message: 'a second document begins here: write a line --- before it' });
      } else faults.push(...repeated.values());
    },
  });
  return faults;
}

/** Where the value or key at `path` begins; the innermost thing on the way to it when it does not exist. */
function offsetOf(document: Document.Parsed, path: ValuePath, at: 'key' | 'value'): number {
  let node: Node | null = document.contents;
  let offset = node?.range?.[0] ?? 0;
  for (const [index, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document) ?? null;
    const isLast = index === path.length - 1;
    if (isMap<Node, Node | null>(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) return offset;
      const keyOffset = pair.key.range?.[0] ?? offset;
      offset = isLast && at === 'key' ? keyOffset : (pair.value?.range?.[0] ?? keyOffset);
      node = pair.value;
    } else if (isSeq<Node>(node)) {
      node = node.items[Number(part)] ?? null;
      offset = node?.range?.[0] ?? offset;
    } else return offset;
  }
  return offset;
}
