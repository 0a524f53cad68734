import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMap, isSeq, parseDocument } from 'yaml';
import { readFileIfThere, writePrivateFile } from './ca/private-file.ts';

/** How the CLI finds a control plane. */
export interface CliContext {
  readonly name: string;
  /** `http://127.0.0.1:15080` */
  readonly api: string;
  /** Admin token. */
  readonly token: string;
  /** Path of the file with the host's join token. */
  readonly hostToken: string;
}

/** The file is not what the CLI writes; it is left as it is. */
export class ContextFileError extends Error {
  override readonly name = 'ContextFileError';
}

/**
 * Puts a context into the CLI's file (0600): a new one, or new contents for the one of this name. Other contexts, comments
 * and keys stay as they are. It becomes the current one when there is none yet.
 *
 * @throws ContextFileError
 */
export async function writeCliContext(path: string, context: CliContext): Promise<void> {
  const document = parseDocument((await readFileIfThere(path)) ?? '');
  const contexts = document.get('contexts') ?? null;
  const isUsable = document.contents === null || isMap(document.contents);
  if (document.errors.length > 0 || !isUsable || (contexts !== null && !isSeq(contexts))) {
    throw new ContextFileError(`${path} is not a context file`);
  }
  if (contexts === null) {
    document.set('contexts', document.createNode([]));
  }
  const names = (await readCliContexts(path)).map(({ name }) => name);
  const index = names.indexOf(context.name);
  document.setIn(['contexts', index === -1 ? names.length : index], document.createNode({ ...context }));
  if (!document.get('currentContext')) {
    document.set('currentContext', context.name);
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writePrivateFile(path, document.toString());
  await chmod(path, 0o600);
}

/**
 * The contexts in the file, in its order, with empty texts for what is missing.
 *
 * @throws ContextFileError
 */
export async function readCliContexts(path: string): Promise<readonly CliContext[]> {
  const document = parseDocument((await readFileIfThere(path)) ?? '');
  if (document.errors.length > 0) {
    throw new ContextFileError(`${path} is not YAML`);
  }
  const content: unknown = document.toJS();
  const contexts = typeof content === 'object' && content !== null && 'contexts' in content ? content.contexts : [];
  return (Array.isArray(contexts) ? contexts : []).map((context: unknown) => ({
    name: textIn(context, 'name'),
    api: textIn(context, 'api'),
    token: textIn(context, 'token'),
    hostToken: textIn(context, 'hostToken'),
  }));
}

function textIn(value: unknown, key: string): string {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'string' ? found : '';
}
