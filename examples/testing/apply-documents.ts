import { readFileSync } from 'node:fs';
import { kindNamed } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { TestMesh } from './mesh.ts';

/** Writes the documents of a file; resolves when all sidecars have them in force. */
export async function applyDocuments(mesh: TestMesh, path: string): Promise<void> {
  await applyText(mesh, readFileSync(path, 'utf8'), path);
}

/** The same for YAML that a test has put together. */
export async function applyText(mesh: TestMesh, text: string, fileName = 'test.yaml'): Promise<void> {
  const { documents, violations } = parseDocuments(text, { fileName });
  const faults = violations.filter(({ severity }) => severity === 'error');
  if (faults.length > 0) throw new Error(faults.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  let revision = '';
  for (const { document } of documents) {
    const kind = kindNamed(document.kind.toLowerCase());
    if (kind === null) throw new Error(`no kind ${document.kind}`);
    const written = await mesh.api.apply(kind, document);
    revision = written.document.metadata.resourceVersion ?? '';
  }
  await mesh.api.convergence(revision, 15_000);
}
