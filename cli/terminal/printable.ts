/**
 * Text of others as it may stand in a line on a terminal: blanks in place of what would begin other lines, move the cursor, or
 * turn the direction of reading round.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}

/** Of these JSON and the double quotes of YAML leave some as they are. Line breaks are theirs to write. */
const unprintable = /[\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

export function hasUnprintable(text: string): boolean {
  return text.search(unprintable) >= 0;
}

/** JSON, or YAML with such text in double quotes, that says the same in characters which a terminal only shows. */
export function withEscapes(serialized: string): string {
  return serialized.replaceAll(unprintable, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
