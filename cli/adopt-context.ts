import { readFile, rename, writeFile } from 'node:fs/promises';
import { isMap, isSeq, parseDocument } from 'yaml';

/**
 * Makes `name` the current context of the CLI's file when the present one means a control plane at the same address,
 * `api`: that one cannot be running, because this one listens there. Nothing else in the file changes.
 *
 * Without it, every command after `heddle demo` and then `heddle control-plane` would go to the right address with the
 * token of the demo.
 *
 * @returns whether the current context is another than before
 */
export async function adoptContext(path: string, name: string, api: string): Promise<boolean> {
  const document = parseDocument(await readFile(path, 'utf8'));
  const current = document.get('currentContext');
  const apiOf = apisByName(document.get('contexts'));
  if (current === name || !apiOf.has(name) || !sameUrl(apiOf.get(current), api)) return false;
  document.set('currentContext', name);
  const whole = `${path}.${process.pid}`;
  await writeFile(whole, document.toString(), { mode: 0o600 });
  await rename(whole, path); // so that nobody reads half of it
  return true;
}

function apisByName(contexts: unknown): ReadonlyMap<unknown, unknown> {
  const entries = isSeq(contexts) ? contexts.items : [];
  return new Map(entries.filter((entry) => isMap(entry)).map((entry) => [entry.get('name'), entry.get('api')]));
}

function sameUrl(one: unknown, other: string): boolean {
  return typeof one === 'string' && URL.canParse(one) && new URL(one).href === new URL(other).href;
}
