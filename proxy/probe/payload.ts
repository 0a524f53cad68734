import type { Buffer } from 'node:buffer';

/** Whether `bytes` hold all blocks, one after the other; what stands between them is not looked at (Envoy, `PayloadMatcher`). */
export function holdsAll(bytes: Buffer, blocks: readonly Buffer[]): boolean {
  let from = 0;
  for (const block of blocks) {
    const at = bytes.indexOf(block, from);
    if (at < 0) return false;
    from = at + block.length;
  }
  return true;
}
