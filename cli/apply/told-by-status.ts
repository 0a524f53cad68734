import type { Kind, ModelDocument } from '../../control-plane/model/kinds.ts';
import { documentName, kindOf, namespaceOf } from '../../control-plane/model/kinds.ts';
import { conditionsOf, isGood } from '../status-conditions.ts';
import { printable } from '../terminal/printable.ts';

/** All documents of a kind in a namespace, with their status. */
export type ListDocuments = (
  kind: Kind,
  namespace: string | null,
) => Promise<{ readonly items: readonly ModelDocument[] }>;

/**
 * What these documents ask for and cannot have, a line each, by the status that they have got: two of one file can contradict
 * each other although each by itself is sound. How far a change has come is not of it.
 */
export async function toldByStatus(documents: readonly ModelDocument[], list: ListDocuments): Promise<string[]> {
  const names = new Set(documents.map(documentName));
  const places = new Map(documents.map((document) => [`${document.kind} ${namespaceOf(document)}`, document]));
  const lines: string[] = [];
  for (const document of places.values()) {
    const kind = kindOf(document.apiVersion, document.kind) as Kind; // it has been parsed as a document of that kind
    const { items } = await list(kind, namespaceOf(document));
    for (const item of items) {
      if (!names.has(documentName(item))) continue;
      for (const condition of conditionsOf(item.status)) {
        if (isGood(condition) || condition.type === 'Programmed' || condition.status === 'Unknown') continue;
        const { of, reason, message } = condition;
        lines.push(`${documentName(item)}  warning  ${printable(`${of}${reason}: ${message}`)}`);
      }
    }
  }
  return lines;
}
