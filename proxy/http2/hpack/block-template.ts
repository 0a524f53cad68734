/**
 * A run of a block that is always the same, and what it becomes on the wire. All but the last segment of a template end in
 * the middle of a line, where a value begins that is another one each time; the next begins with the end of that line.
 */
export interface TemplateSegment {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** Blocks longer than this are encoded line by line each time. */
export const MAX_TEMPLATE_TEXT = 4096;
/** Values that may differ from block to block; a block with more of them is encoded line by line. */
export const MAX_TEMPLATE_VALUES = 8;

/**
 * How a block was encoded, for blocks that differ from it in nothing but values like `x-request-id`: a comparison of the
 * rest, which runs at the speed of memcmp, takes the place of a look-up for each line.
 *
 * It holds for one state of the dynamic table.
 */
export class BlockTemplate {
  /** `EncoderTable.version` at which the bytes are right. */
  readonly version: number;
  readonly segments: readonly TemplateSegment[];
  /** Value of the block's `host`; empty without one. */
  readonly authority: string;

  constructor(version: number, segments: readonly TemplateSegment[], authority: string) {
    this.version = version;
    this.segments = segments;
    this.authority = authority;
  }

  /** Whether the block is of this form. The values' offsets, begin and end, then stand in `values`. */
  matches(block: string, values: Int32Array): boolean {
    const { segments } = this;
    let at = 0;
    for (let i = 0; i < segments.length; i++) {
      if (i > 0) {
        const end = block.indexOf('\r\n', at);
        if (end <= at || isBlank(block.charCodeAt(at)) || isBlank(block.charCodeAt(end - 1))) return false;
        values[2 * i - 2] = at;
        values[2 * i - 1] = end;
        at = end;
      }
      const { text } = segments[i] as TemplateSegment;
      // a substring costs no copy, and its comparison is one of memory; `startsWith` goes character by character
      if (block.substring(at, at + text.length) !== text) return false;
      at += text.length;
    }
    return at === block.length;
  }
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
