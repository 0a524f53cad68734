import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { StateDirectory } from './state-directory.ts';

/** A resource as it came from the control plane. */
export interface StoredResource {
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
  /** The encoded message. */
  readonly bytes: Buffer;
}

const fileName = 'snapshot';
/** Ten thousand endpoints take about 3 MB. */
const maxFileBytes = 64 * 1024 * 1024;
/** A burst of updates is written once, this long after the first of them. */
const writeDelayMs = 1_000;
const format = 1;

/**
 * The last good configuration on disk, so that a sidecar that starts while the control plane is away serves as it did.
 *
 * One line of JSON with format, identity and SHA-256, then a line per resource. It holds no secrets: keys and trust
 * bundle have a file of their own. A file that was cut short or changed, is of another format, or was written under
 * another identity is as good as none: another identity may be shown another configuration.
 */
export class SnapshotFile {
  readonly #directory: StateDirectory;
  readonly #log: Log;
  readonly #clock: Clock;
  #source: (() => Iterable<StoredResource>) | null = null;
  #identity = '';
  #cancelTimer: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(directory: StateDirectory, log: Log, clock: Clock = systemClock) {
    this.#directory = directory;
    this.#log = log;
    this.#clock = clock;
  }

  /** What was stored under this identity; nothing, with the reason logged, when the file cannot be believed. */
  async load(identity: string): Promise<StoredResource[]> {
    try {
      const content = await this.#directory.read(fileName, maxFileBytes);
      if (content === null) return [];
      const resources = decodeSnapshot(content, identity);
      if (typeof resources !== 'string') return resources;
      this.#log('warn', 'the stored configuration is not used', { reason: resources });
    } catch (error) {
      this.#log('warn', 'the stored configuration cannot be read', { reason: String(error) });
    }
    return [];
  }

  /** Stores what `source` answers, soon: it is read when the write begins. Failing to write is logged, never thrown. */
  schedule(identity: string, source: () => Iterable<StoredResource>): void {
    this.#identity = identity;
    this.#source = source;
    this.#cancelTimer ??= this.#clock.after(writeDelayMs, () => void this.flush());
  }

  /** Writes now what is scheduled, and waits for what is being written. */
  flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const source = this.#source;
    this.#source = null;
    if (source !== null) {
      const content = encodeSnapshot(this.#identity, source());
      this.#writing = this.#writing.then(() => this.#write(content));
    }
    return this.#writing;
  }

  async #write(content: Buffer): Promise<void> {
    try {
      await this.#directory.write(fileName, content);
    } catch (error) {
      this.#log('warn', 'the configuration could not be stored', { reason: String(error) });
    }
  }
}

export function encodeSnapshot(identity: string, resources: Iterable<StoredResource>): Buffer {
  let body = '';
  for (const { typeUrl, name, version, bytes } of resources) {
    body += `${JSON.stringify([typeUrl, name, version, bytes.toString('base64')])}\n`;
  }
  return Buffer.from(`${JSON.stringify({ format, identity, sha256: sha256(body) })}\n${body}`);
}

/** The resources of a snapshot, or why it is not to be used. Never throws, whatever the bytes. */
export function decodeSnapshot(content: Buffer, identity: string): StoredResource[] | string {
  const text = content.toString('utf8');
  const headEnd = text.indexOf('\n');
  const body = text.slice(headEnd + 1);
  try {
    const head = JSON.parse(text.slice(0, headEnd)) as Record<string, unknown> | null;
    if (head?.format !== format) return `it is of format ${String(head?.format)}, not ${format}`;
    if (head.sha256 !== sha256(body)) return 'its checksum differs';
    if (head.identity !== identity) return `it was written as ${String(head.identity)}, this is ${identity}`;
    return body.split('\n').slice(0, -1).map(decodeResource);
  } catch {
    // What the parser says quotes the file's content; that it is no snapshot is all there is to know.
    return 'it is not a snapshot';
  }
}

/** Only called below a matching checksum, so the line is one that `encodeSnapshot` made. */
function decodeResource(line: string): StoredResource {
  const [typeUrl, name, version, bytes] = JSON.parse(line) as [string, string, string, string];
  return { typeUrl, name, version, bytes: Buffer.from(bytes, 'base64') };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
