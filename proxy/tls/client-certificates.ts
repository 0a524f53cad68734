import { createPrivateKey, X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { sep } from 'node:path';

/** Files of this machine that a document names. */
export interface ClientCertificateFiles {
  /** PEM, leaf first. */
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** What is shown to a host outside the mesh; the same object as long as the files say the same. */
export interface ClientCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  /** Of the leaf, SHA-256. */
  readonly fingerprint: string;
}

/** Longer files are refused: a chain of ten certificates has some 20 kB. */
const MAX_FILE_BYTES = 65_536;

/** Pairs of files that are remembered; whoever names more has them parsed again. */
const MAX_REMEMBERED = 256;

/**
 * Certificates and keys that hosts outside the mesh ask for, read from files when a connection is opened, so that a renewed one
 * is shown from the next connection on.
 *
 * Documents name the files, and who may write a document must not choose what a sidecar reads: only what lies in the folder
 * that whoever runs the sidecar has named is opened, links followed. While new certificate and old key stand side by side, as
 * in the middle of a renewal, the last pair that belonged together is shown.
 */
export class ClientCertificates {
  readonly #folder: string;
  readonly #onChange: (files: ClientCertificateFiles, problem: string | null) => void;
  readonly #good = new Map<string, ClientCertificate>();
  readonly #reading = new Map<string, Promise<ClientCertificate | string>>();
  readonly #problems = new Map<string, string>();

  /**
   * `folder` absolute, or empty where no file may be read. `onChange` is told when files cannot be used, and when they can be
   * again (null), once for each.
   */
  constructor(folder: string, onChange: (files: ClientCertificateFiles, problem: string | null) => void = () => {}) {
    this.#folder = folder;
    this.#onChange = onChange;
  }

  /** The certificate, or in words why there is none. Never rejects; a file system that does not answer is given up. */
  read(files: ClientCertificateFiles, withinMs: number): Promise<ClientCertificate | string> {
    const key = `${files.certificateFile}\n${files.keyFile}`;
    let reading = this.#reading.get(key);
    if (reading === undefined) {
      reading = this.#read(key, files).finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    return within(withinMs, reading, `${files.certificateFile}: could not be read within ${withinMs} ms`);
  }

  async #read(key: string, files: ClientCertificateFiles): Promise<ClientCertificate | string> {
    const result = await this.#load(key, files);
    this.#tell(key, files, typeof result === 'string' ? result : null);
    return result;
  }

  async #load(key: string, files: ClientCertificateFiles): Promise<ClientCertificate | string> {
    const texts: string[] = [];
    for (const name of [files.certificateFile, files.keyFile]) {
      const file = await readWithin(this.#folder, name);
      if (typeof file === 'string') return file;
      texts.push(file.text);
    }
    const [certPem = '', keyPem = ''] = texts;
    const before = this.#good.get(key);
    if (before?.certPem === certPem && before.keyPem === keyPem) return before;
    const pair = pairOf(certPem, keyPem, files);
    if ('problem' in pair) return pair.isMixed ? (before ?? pair.problem) : pair.problem;
    this.#good.delete(key);
    this.#good.set(key, pair);
    forgetOldest(this.#good);
    return pair;
  }

  #tell(key: string, files: ClientCertificateFiles, problem: string | null): void {
    if (problem === (this.#problems.get(key) ?? null)) return;
    this.#problems.delete(key);
    if (problem !== null) this.#problems.set(key, problem);
    forgetOldest(this.#problems);
    this.#onChange(files, problem);
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  const [oldest] = map.keys();
  if (map.size > MAX_REMEMBERED && oldest !== undefined) map.delete(oldest);
}

/** The text of a file in the folder, or why it is not read. What is outside is not even looked for. */
async function readWithin(folder: string, name: string): Promise<{ readonly text: string } | string> {
  if (folder === '') return `${name}: this sidecar reads no files that documents name; its --tls-folder would allow it`;
  if (!isIn(folder, name)) return `${name}: is not in ${folder}, the --tls-folder of this sidecar`;
  try {
    const real = await realpath(name);
    if (!isIn(await realpath(folder), real)) return `${name}: leads out of ${folder}, the --tls-folder of this sidecar`;
    // a named pipe would be waited for
    const file = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) return `${name}: is no file`;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_FILE_BYTES + 1), 0, MAX_FILE_BYTES + 1, 0);
      if (bytesRead > MAX_FILE_BYTES) return `${name}: has more than ${MAX_FILE_BYTES} bytes`;
      return { text: buffer.toString('utf8', 0, bytesRead) };
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return `${name}: ${words[code] ?? code}`;
  }
}

const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'the sidecar may not read it',
  EPERM: 'the sidecar may not read it',
};

function isIn(folder: string, name: string): boolean {
  return name.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function pairOf(
  certPem: string,
  keyPem: string,
  { certificateFile, keyFile }: ClientCertificateFiles,
): ClientCertificate | { readonly problem: string; readonly isMixed: boolean } {
  const leaf = parsed(() => new X509Certificate(certPem));
  if (leaf === null) return { problem: `${certificateFile}: holds no certificate in PEM`, isMixed: false };
  const key = parsed(() => createPrivateKey(keyPem));
  if (key === null) return { problem: `${keyFile}: holds no private key in PEM without a passphrase`, isMixed: false };
  if (!leaf.checkPrivateKey(key)) {
    return { problem: `${keyFile}: is not the key of ${certificateFile}`, isMixed: true };
  }
  return { certPem, keyPem, fingerprint: leaf.fingerprint256 };
}

/** OpenSSL's own words help nobody, and may hold what the file does. */
function parsed<Thing>(parse: () => Thing): Thing | null {
  try {
    return parse();
  } catch {
    return null;
  }
}

function within<Value>(ms: number, promise: Promise<Value>, otherwise: string): Promise<Value | string> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms, otherwise);
    void promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
