import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where an {@link OpensslClient} goes, and as whom. */
export interface OpensslTarget {
  readonly port: number;
  readonly alpn: string;
  readonly identity: { readonly key: string; readonly cert: string };
}

/** `openssl s_client`, which can say in TLS 1.3 what a Node client cannot. */
export class OpensslClient {
  readonly closed: Promise<unknown>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'heddle-openssl-client-'));
  readonly #child: ChildProcess;
  #text = '';
  #wake: () => void = () => {};

  /** `files` are there under the names that `args` have for them. */
  constructor(
    { port, alpn, identity }: OpensslTarget,
    args: readonly string[] = [],
    files: Readonly<Record<string, string>> = {},
  ) {
    const [leaf = '', ...rest] = identity.cert.split(/(?=-----BEGIN)/);
    const all = { ...files, 'leaf.pem': leaf, 'chain.pem': rest.join(''), 'key.pem': identity.key };
    for (const [name, content] of Object.entries(all)) writeFileSync(join(this.#folder, name), content);
    const own = ['-cert', 'leaf.pem', '-cert_chain', 'chain.pem', '-key', 'key.pem'];
    const line = ['s_client', '-connect', `127.0.0.1:${port}`, '-noservername', '-alpn', alpn, ...own, ...args];
    this.#child = spawn('openssl', line, { cwd: this.#folder });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.#text += bytes.toString('latin1');
        this.#wake();
      });
    }
    this.#child.stdin?.on('error', () => {}); // it has ended; what it said tells why
    this.closed = once(this.#child, 'close').finally(() => {
      rmSync(this.#folder, { recursive: true });
      this.#wake();
    });
  }

  /** All that it has printed: what the server said, and what it has to say itself. */
  get text(): string {
    return this.#text;
  }

  /** A file that it has written. */
  read(name: string): string {
    return readFileSync(join(this.#folder, name), 'utf8');
  }

  /** A line by itself of `K`, `k` or `Q` is a command; anything else is sent as it is. */
  say(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** Fulfils when it has printed this; rejects with all that it did when it ends before. */
  async printed(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#text)) {
      if (this.#child.exitCode !== null) throw new Error(`openssl ended: ${this.#text}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Asks for new keys in both directions (RFC 8446 section 4.6.3), this often, one after the other. */
  async updateKeys(times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      this.#text = '';
      this.say('K\n');
      await this.printed(/KEYUPDATE/);
    }
    this.#text = '';
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.closed;
  }
}
