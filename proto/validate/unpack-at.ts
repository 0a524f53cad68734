import type { PackableName, PackedMessage, UnpackedMessage } from '../any.ts';
import { UnpackError, unpack } from '../any.ts';
import type { Path, Violations } from '../violation.ts';

/** What an Any may be in one place; null when it is missing, of another type or malformed, which is reported. */
export function unpackAt<Name extends PackableName>(
  names: readonly Name[],
  any: PackedMessage | null | undefined,
  at: Path,
  violations: Violations,
): Extract<UnpackedMessage, { name: Name }> | null {
  if (!any) {
    violations.add(at, 'is required');
    return null;
  }
  try {
    const unpacked = unpack(any);
    if ((names as readonly string[]).includes(unpacked.name)) {
      // The line above is what makes this true; the checker cannot narrow by a list.
      return unpacked as Extract<UnpackedMessage, { name: Name }>;
    }
    violations.add(at, `is a ${unpacked.name}, and must be ${names.join(' or ')}`);
  } catch (error) {
    if (!(error instanceof UnpackError)) {
      throw error;
    }
    violations.add(at, error.message);
  }
  return null;
}
