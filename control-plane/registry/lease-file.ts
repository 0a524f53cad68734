import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Registry, RegistryState } from './registry.ts';

const formatVersion = 1;

/** Room for about 60 000 workloads; a file beyond that is not ours. */
const maxFileBytes = 64 * 1024 * 1024;

const nothing: RegistryState = { registrations: [], remembered: [] };

export interface LeaseFileOptions {
  /** How long a change waits for others before the file is written. Default 1 s. */
  readonly delayMs?: number;
  /** Told when a write failed: the file is then of an earlier moment, and the registry goes on. */
  readonly onError?: (error: Error) => void;
}

/**
 * What is registered and what is remembered, last known, in one file, so that a control plane that restarts tells no
 * sidecar that there are no endpoints or that a service has never been. Renewals are not written, only changes. Holds
 * no secrets.
 *
 * The file is a hint and not a record: it is not synced, and one that cannot be read counts as none.
 */
export class LeaseFile {
  readonly #path: string;
  readonly #delayMs: number;
  readonly #onError: (error: Error) => void;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> = Promise.resolve();
  #stop: (() => void) | null = null;

  constructor(path: string, { delayMs = 1000, onError = () => {} }: LeaseFileOptions = {}) {
    this.#path = path;
    this.#delayMs = delayMs;
    this.#onError = onError;
  }

  /** What an earlier process wrote; empty when there is nothing that can be read. */
  async load(): Promise<RegistryState> {
    try {
      const text = await readFile(this.#path, 'utf8');
      const content: unknown = text.length > maxFileBytes ? null : JSON.parse(text);
      return isOurs(content) ? { registrations: content.registrations, remembered: content.remembered ?? [] } : nothing;
    } catch {
      return nothing; // not there, or torn: the sidecars will say again who they are
    }
  }

  /** Writes the file after each change, until {@link close}. */
  follow(registry: Registry): void {
    this.#stop = registry.onChange(() => {
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        this.#write(registry);
      }, this.#delayMs);
    });
  }

  /** Writes once more what `registry` holds, and no more after that. */
  async close(registry: Registry): Promise<void> {
    this.#stop?.();
    clearTimeout(this.#timer ?? undefined);
    this.#write(registry);
    await this.#writing;
  }

  #write(registry: Registry): void {
    const text = JSON.stringify({ format: formatVersion, ...registry.state() });
    this.#writing = this.#writing.then(() => replaceFile(this.#path, text)).catch(this.#onError);
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    await file.writeFile(text).finally(() => file.close());
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Only the outer shape: the file lies in our own 0700 directory, and an earlier process of ours checked the rest. One
 * from before there was a memory has no `remembered`.
 */
function isOurs(content: unknown): content is Pick<RegistryState, 'registrations'> & Partial<RegistryState> {
  return (
    typeof content === 'object' &&
    content !== null &&
    'format' in content &&
    content.format === formatVersion &&
    'registrations' in content &&
    Array.isArray(content.registrations) &&
    (!('remembered' in content) || Array.isArray(content.remembered))
  );
}
