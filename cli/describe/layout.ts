/** `Name:   value` lines, the values under each other. */
export function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 1;
  return rows.map(([name, value]) => `${`${name}:`.padEnd(width)}   ${value}\n`).join('');
}

/** A part of a description: its title, and its lines two columns in. */
export function section(title: string, body: string): string {
  return `${title}\n${body.replaceAll(/^(?=.)/gm, '  ')}`;
}

/** The words of a text, as many to a line as fit into `width` columns; one that is longer stands alone. */
export function folded(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
