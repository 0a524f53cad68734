/** `Name:   value` lines, the values under each other. */
export function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 1;
  return rows.map(([name, value]) => `${`${name}:`.padEnd(width)}   ${value}\n`).join('');
}

/** A part of a description: its title, and its lines two columns in. */
export function section(title: string, body: string): string {
  return `${title}\n${body.replaceAll(/^(?=.)/gm, '  ')}`;
}
