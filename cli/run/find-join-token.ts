import { readFile } from 'node:fs/promises';
import { CliError, exitCodes } from '../cli-error.ts';

/** Three parts of base64url with dots between (RFC 7515): no path that anyone would choose. */
const tokenForm = /^[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}$/;

/**
 * The join token for a sidecar: from `--join-token`, which names a file, or HEDDLE_JOIN_TOKEN, which holds a token or
 * names a file; else the host token of the control plane on this machine. `null` when there is none: a sidecar that
 * has joined before needs none.
 *
 * @throws CliError when a file that was named cannot be read
 */
export async function findJoinToken(given: string | undefined, hostToken: string | null): Promise<string | null> {
  if (given !== undefined) return tokenForm.test(given) ? given : readToken(given);
  if (hostToken === null) return null;
  try {
    return (await readFile(hostToken, 'utf8')).trim();
  } catch {
    return null; // another user's control plane, or one that has gone: the sidecar says what it is missing
  }
}

async function readToken(path: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(
      `the join token cannot be read: ${reason}`,
      'heddle token --service <name> > web.token',
      exitCodes.usage,
      {
        cause,
      },
    );
  }
  if (text === '') throw new CliError(`${path} is empty`, `heddle token --service <name> > ${path}`, exitCodes.usage);
  return text;
}
