import { writePrivateFile } from './private-file.ts';
import type { JoinTokens } from './tokens.ts';
import { any } from './tokens.ts';

const dayMs = 24 * 60 * 60_000;
const ttlMs = 30 * dayMs;
const refreshMs = dayMs;

/**
 * The token with which services of the control plane's own host join without being given one: any namespace, service and
 * label, in a file that only our user can read (0600). Whoever can read it could read the authority's keys beside it, so
 * it gives nothing away. Written at each start, because the address in it may be another, and daily from then on.
 */
export class HostToken {
  readonly path: string;
  readonly #tokens: JoinTokens;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(path: string, tokens: JoinTokens, onError: (error: unknown) => void) {
    this.path = path;
    this.#tokens = tokens;
    this.#onError = onError;
  }

  async start(): Promise<void> {
    await this.#write();
    this.#timer = setInterval(() => {
      this.#write().catch(this.#onError);
    }, refreshMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer ?? undefined);
  }

  async #write(): Promise<void> {
    const scope = { namespace: any, service: any, serviceAccount: any, labels: { [any]: any } };
    await writePrivateFile(this.path, `${await this.#tokens.mint(scope, ttlMs)}\n`);
  }
}
