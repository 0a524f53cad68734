/** Longer lines are cut around the fault: a terminal's width, roughly. */
const maxWidth = 120;

/**
 * The line at fault and a caret below the place, as compilers show it; nothing when the text has no such place.
 *
 * ```
 *    8 |     wieght: 10
 *      |     ^
 * ```
 */
export function excerpt(text: string, line: number, column: number): string[] {
  const content = text.split('\n')[line - 1];
  if (content === undefined) return [];
  const from = Math.max(0, column - 1 - maxWidth / 2);
  // Tabs and control characters would move the caret away from its place, or do worse to a terminal.
  const shown = content.slice(from, from + maxWidth).replaceAll(/\p{Cc}/gu, ' ');
  const number = String(line).padStart(4);
  return [`${number} | ${shown}`.trimEnd(), `${' '.repeat(number.length)} | ${' '.repeat(column - 1 - from)}^`];
}
