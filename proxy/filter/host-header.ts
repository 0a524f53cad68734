/** The block with this host in place of the one it has. */
export function withHost(block: string, host: string): string {
  return `host: ${host}\r\n${block.replace(/(^|\r\n)host:[^\r]*\r\n/i, '$1')}`;
}
