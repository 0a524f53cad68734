/**
 * Text of others as it may stand in a line on a terminal: blanks in place of what would begin other lines, move the cursor, or
 * turn the direction of reading round.
 */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}
