import { readFileSync } from 'node:fs';
import { kindNamed } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { TestMesh } from './mesh.ts';

/** Writes the documents of a file; resolves when all sidecars have them in force. */
export async function applyDocuments(mesh: TestMesh, path: string): Promise<void> {
  for (const { document } of parseDocuments(readFileSync(path, 'utf8'), { fileName: path }).documents) {
    const kind = kindNamed(document.kind.toLowerCase());
    if (kind === null) throw new Error(`no kind ${document.kind}`);
    const written = await mesh.api.apply(kind, document);
    await mesh.api.convergence(written.document.metadata.resourceVersion ?? '', 15_000);
  }
}
