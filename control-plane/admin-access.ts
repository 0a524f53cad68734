import { AdminTokens, adminTokenHash, newAdminToken } from './api/admin-tokens.ts';
import type { CliContext } from './cli-context.ts';
import { ContextFileError, readCliContexts, writeCliContext } from './cli-context.ts';
import type { Log } from './log.ts';
import type { Store } from './store/store.ts';

const keyPrefix = 'heddle/admin-tokens/';

export interface AdminAccessOptions {
  readonly store: Store;
  readonly contextFile: string;
  readonly contextName: string;
  /** Makes one more token although there are some. */
  readonly newAdminToken: boolean;
  readonly log: Log;
}

/** What the CLI has to be told. The API's port is known only once it listens. */
export interface AdminAccess {
  readonly tokens: AdminTokens;
  /** Writes the CLI context, or puts it right where address or host token have changed. Returns its name, if there is one. */
  publish(context: { readonly api: string; readonly hostToken: string }): Promise<string | null>;
}

/**
 * Admin tokens: made at the first start and handed to the user's CLI by its context file; the store keeps the SHA-256.
 *
 * A context belongs to this control plane when its token is one of ours; no other one is touched. At the first start a
 * context of our name that is someone else's stays, and ours is called after its port.
 */
export async function openAdminAccess(options: AdminAccessOptions): Promise<AdminAccess> {
  const { store, contextFile, contextName, log } = options;
  const { entries } = await store.list(keyPrefix);
  const hashes: Buffer[] = entries.map(({ value }) => Buffer.from(value, 'hex'));
  let fresh: string | null = null;
  if (entries.length === 0 || options.newAdminToken) {
    fresh = newAdminToken();
    const hash = adminTokenHash(fresh);
    await store.put(`${keyPrefix}${hash.toString('hex').slice(0, 16)}`, hash.toString('hex'));
    hashes.push(hash);
  }
  const tokens = new AdminTokens(hashes);

  const publish: AdminAccess['publish'] = async ({ api, hostToken }) => {
    try {
      const context = choose(await readCliContexts(contextFile), tokens, { contextName, fresh, api });
      if (context === null) {
        const hint = 'set HEDDLE_TOKEN, or start once with --new-admin-token';
        log('warn', `no context in ${contextFile} has an admin token of this control plane: ${hint}`);
        return null;
      }
      await writeCliContext(contextFile, { ...context, api, hostToken });
      return context.name;
    } catch (error) {
      if (!(error instanceof ContextFileError) && !(error instanceof Error && 'code' in error)) {
        throw error;
      }
      log('warn', 'the CLI context cannot be written', { reason: error.message });
      return null;
    }
  };
  return { tokens, publish };
}

function choose(
  contexts: readonly CliContext[],
  tokens: AdminTokens,
  { contextName, fresh, api }: { contextName: string; fresh: string | null; api: string },
): { readonly name: string; readonly token: string } | null {
  const ours = contexts.find(({ token }) => token !== '' && tokens.includes(token));
  if (fresh === null) {
    return ours ?? null;
  }
  const isTaken = contexts.some((context) => context.name === contextName && context !== ours);
  const name = ours?.name ?? (isTaken ? `${contextName}-${new URL(api).port}` : contextName);
  return { name, token: fresh };
}
