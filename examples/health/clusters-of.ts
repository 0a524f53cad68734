import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindNamed } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import type { TestMesh } from '../testing/mesh.ts';

/** Writes the documents of a file of this folder; resolves when all sidecars have them in force. */
export async function apply(mesh: TestMesh, fileName: string): Promise<void> {
  const text = readFileSync(join(import.meta.dirname, fileName), 'utf8');
  for (const { document } of parseDocuments(text, { fileName }).documents) {
    const kind = kindNamed(document.kind.toLowerCase());
    if (kind === null) throw new Error(`no kind ${document.kind}`);
    const written = await mesh.api.apply(kind, document);
    await mesh.api.convergence(written.document.metadata.resourceVersion ?? '', 10_000);
  }
}

/** What a sidecar thinks of the instances of a service: `health_flags` by workload. */
export async function flagsOf(proxy: RunningProxy, service: string): Promise<Readonly<Record<string, string>>> {
  const page = await (await fetch(`http://${proxy.adminAddress}/clusters`)).text();
  const names = new Map<string, string>();
  const flags: Record<string, string> = {};
  for (const line of page.split('\n')) {
    const [cluster = '', endpoint = '', stat = '', value = ''] = line.split('::');
    if (!cluster.endsWith(`||${service}.default.svc.cluster.local`)) continue;
    if (stat === 'hostname') names.set(endpoint, value);
    if (stat === 'health_flags') flags[names.get(endpoint) ?? endpoint] = value;
  }
  return flags;
}

/** One number of `/stats` of the service's cluster. */
export async function statOf(proxy: RunningProxy, service: string, name: string): Promise<number> {
  const page = await (await fetch(`http://${proxy.adminAddress}/stats`)).text();
  const line = page.split('\n').find((text) => text.includes(`||${service}.default.svc.cluster.local.${name}: `));
  return Number(line?.slice(line.lastIndexOf(' ')) ?? Number.NaN);
}
