import type { Kind } from '../control-plane/model/kinds.ts';
import { CliError, exitCodes } from './cli-error.ts';

/** What `heddle get` and `heddle delete` are asked for. */
export interface DocumentArgument {
  readonly kind: Kind;
  /** `null` for all of the kind. */
  readonly name: string | null;
}

/**
 * Reads `httproute cart`, `httproute/cart` or `routes`. The kinds are loaded on use, because they carry their schemas.
 * `command` is what a wrong kind is told to type.
 *
 * @throws CliError naming the kind that was probably meant, or all there are
 */
export async function documentArgument(words: readonly string[], command = 'get'): Promise<DocumentArgument> {
  const [first = '', second] = words;
  const [kindWord = '', nameInFirst, ...more] = first.split('/');
  if (more.length > 0 || (nameInFirst !== undefined && second !== undefined)) {
    throw new CliError(`${words.join(' ')} is no <kind> <name>`, 'heddle get httproute cart', exitCodes.usage);
  }
  const { allKinds, kindNamed } = await import('../control-plane/model/kinds.ts');
  const kind = kindNamed(kindWord);
  if (kind !== null) return { kind, name: second ?? (nameInFirst || null) };
  const { nearestWord } = await import('../control-plane/model/nearest-word.ts');
  const known = allKinds.map(({ plural }) => plural);
  const meant = nearestWord(kindWord.toLowerCase(), known);
  const message = `there is no kind ${kindWord}; the kinds are ${known.join(', ')}`;
  throw new CliError(message, `heddle ${command} ${meant ?? '--help'}`, exitCodes.usage);
}
