import { existsSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { CliError, exitCodes } from '../cli-error.ts';
import { packageRoot } from '../package-root.ts';

export interface InputText {
  /** As faults name it: the path the user gave, or `<stdin>`. */
  readonly fileName: string;
  readonly text: string;
}

/** What the API takes at most in one document, 3 MiB; a file beyond it is no mesh configuration. */
const maxBytes = 3 * 1024 * 1024;
const maxFiles = 1000;

/**
 * The texts behind `-f`: one file, every `.yaml`, `.yml` and `.json` of a folder (not of those below, as kubectl), or
 * `-` for standard input.
 *
 * @throws CliError exit code 2 when there is none, or one is too large
 */
export async function readInput(
  path: string,
  stdin: AsyncIterable<Buffer | string> = process.stdin,
): Promise<InputText[]> {
  if (path === '-') return [{ fileName: '<stdin>', text: await collect(stdin, '<stdin>') }];
  if (!(await isFolder(path))) return [await readText(path)];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (names.length === 0) {
    throw new CliError(`${path} has no .yaml, .yml or .json file`, `ls ${path}`, exitCodes.usage);
  }
  if (names.length > maxFiles) {
    throw new CliError(`${path} has more than ${maxFiles} files`, 'a folder for each team', exitCodes.usage);
  }
  const texts: InputText[] = [];
  for (const name of names) texts.push(await readText(join(path, name)));
  return texts;
}

/** What the README and the demo print is meant for the clone's folder; from another one the full path is what to try. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    const inClone = join(packageRoot, path);
    if (isAbsolute(path) || !existsSync(inClone)) throw cause;
    const message = `${path} does not exist in ${process.cwd()}`;
    throw new CliError(message, `heddle apply -f ${inClone}`, exitCodes.usage, { cause });
  }
}

async function readText(path: string): Promise<InputText> {
  const file = await open(path);
  try {
    return { fileName: path, text: await collect(file.createReadStream({ autoClose: false }), path) };
  } finally {
    await file.close();
  }
}

/** Reads as it comes, so that an endless input is noticed at its bound and not at the end of memory. */
async function collect(source: AsyncIterable<Buffer | string>, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    chunks.push(Buffer.from(chunk));
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new CliError(`${name} is larger than 3 MiB`, 'several smaller files in one folder', exitCodes.usage);
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}
