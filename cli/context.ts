import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CliError, exitCodes } from './cli-error.ts';
import { readPlainContextFile } from './plain-context-file.ts';

/** Where a command finds its control plane, and what it shows there. */
export interface Connection {
  /** Base URL of the REST API, without a slash at the end. */
  readonly api: string;
  /** `null` when none is known; the API then answers 401. */
  readonly token: string | null;
  /** File with the token by which `heddle run` joins on the control plane's own host; `null` elsewhere. */
  readonly hostToken: string | null;
}

export interface ConnectionOptions {
  /** Name of a context in the file; default is the file's `currentContext`. */
  readonly context?: string;
  /** Instead of the context's API. */
  readonly api?: string;
}

interface ContextFile {
  readonly currentContext: string;
  readonly contexts: readonly { name: string; api: string; token: string | null; hostToken: string | null }[];
}

/** `$XDG_CONFIG_HOME/heddle/config.yaml`, by default in `~/.config`. A control plane writes it at its first start. */
export function contextFilePath(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_CONFIG_HOME || join(homedir(), '.config'), 'heddle', 'config.yaml');
}

/**
 * The control plane a command talks to: option, then HEDDLE_API and HEDDLE_TOKEN, then the context file.
 *
 * A token from the file goes only to the API it belongs to: with another API given, HEDDLE_TOKEN must come with it.
 *
 * @throws CliError when no control plane is known, or the file or a context in it cannot be used
 */
export async function resolveConnection(
  options: ConnectionOptions,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Connection> {
  const path = contextFilePath(environment);
  const file = await readContextFile(path);
  const wanted = options.context ?? environment.HEDDLE_CONTEXT ?? file?.currentContext;
  const context = file?.contexts.find(({ name }) => name === wanted) ?? null;
  const asked = options.context ?? environment.HEDDLE_CONTEXT;
  if (asked && context === null) {
    const names = file?.contexts.map(({ name }) => name) ?? [];
    const hint = names[0] === undefined ? 'heddle control-plane, which writes one' : `--context ${names[0]}`;
    throw new CliError(`${path} has no context ${asked}; it has: ${names.join(', ') || 'none'}`, hint, exitCodes.usage);
  }
  const givenApi = options.api ?? (environment.HEDDLE_API || undefined);
  const api = givenApi ?? context?.api;
  if (api === undefined) {
    throw new CliError(
      `no control plane is known: there is no ${path} and no HEDDLE_API`,
      'heddle control-plane   or, for a whole mesh to look at, heddle demo',
    );
  }
  const own = context !== null && (givenApi === undefined || trimmed(givenApi) === trimmed(context.api));
  return {
    api: checkedUrl(trimmed(api)),
    token: environment.HEDDLE_TOKEN || (own ? context.token : null),
    hostToken: own ? context.hostToken : null,
  };
}

async function readContextFile(path: string): Promise<ContextFile | null> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const { currentContext, contexts } = fields(readPlainContextFile(text) ?? (await readYaml(path, text)));
  if (!Array.isArray(contexts)) throw unusable(path, 'contexts is no list');
  return {
    currentContext: textOr(currentContext, ''),
    contexts: contexts.map((entry: unknown) => {
      const { name, api, token, hostToken } = fields(entry);
      if (typeof name !== 'string' || typeof api !== 'string') throw unusable(path, 'a context needs name and api');
      return { name, api, token: textOr(token, null), hostToken: textOr(hostToken, null) };
    }),
  };
}

async function readYaml(path: string, text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(text);
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message.split('\n')[0] : String(error));
  }
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOr<Default>(value: unknown, otherwise: Default): string | Default {
  return typeof value === 'string' ? value : otherwise;
}

function unusable(path: string, reason: string | undefined): CliError {
  return new CliError(
    `${path} cannot be used: ${reason}`,
    `mv ${path} ${path}.bad   and start the control plane again, which writes a new one`,
    exitCodes.usage,
  );
}

function trimmed(api: string): string {
  return api.replace(/\/+$/, '');
}

function checkedUrl(api: string): string {
  if (!/^https?:$/.test(URL.canParse(api) ? new URL(api).protocol : '')) {
    throw new CliError(`${api} is no URL of an API`, '--api http://127.0.0.1:15080', exitCodes.usage);
  }
  return api;
}
