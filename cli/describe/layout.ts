/** `Name:   value` lines, the values under each other. */
export function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 1;
  return rows.map(([name, value]) => `${`${name}:`.padEnd(width)}   ${value}\n`).join('');
}

/** A part of a description: its title, and its lines two columns in. */
export function section(title: string, body: string): string {
  return `${title}\n${body.replaceAll(/^(?=.)/gm, '  ')}`;
}

/**
 * The parts of a list, as many to a line as fit into `width` columns; one that is longer stands alone. Lines but the last
 * end with the separator.
 */
export function folded(text: string, width: number, separator = ', '): readonly string[] {
  const lines: string[] = [];
  for (const part of text.split(separator)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + separator.length + part.length <= width) {
      lines[lines.length - 1] = `${last}${separator}${part}`;
    } else lines.push(part);
  }
  return lines.map((line, index) => (index === lines.length - 1 ? line : `${line}${separator.trimEnd()}`));
}
