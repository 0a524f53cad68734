import type { Buffer } from 'node:buffer';
import { headOnlyFields } from '../message/forbidden-trailers.ts';
import { RULE_BAD_PSEUDO, RULE_MALFORMED, RULE_ORDINARY } from './field-rules.ts';
import type { FieldList } from './hpack/field-list.ts';
import type { HeaderField } from './hpack/header-field.ts';
import type { HpackEncoder } from './hpack/hpack-encoder.ts';

/**
 * The block of a trailer section, or null when it is malformed or too large: the stream is then reset. Trailers have no
 * pseudo-header fields (RFC 9113 section 8.1); what says where a message goes, how long it is or who vouches for it has
 * come too late and is cut (RFC 9110 section 6.5.1), as are what decides access and how content is read, and the mesh's own headers, whoever sends them.
 */
export function readTrailerFields(list: FieldList): string | null {
  if (list.tooLarge) return null;
  let block = '';
  for (let i = 0; i < list.count; i++) {
    const field = list.fields[i] as HeaderField;
    switch (field.rule) {
      case RULE_ORDINARY:
        if (!headOnlyFields.has(field.name)) block += field.line;
        break;
      case RULE_MALFORMED:
        return null;
      default:
        if (field.rule <= RULE_BAD_PSEUDO) return null;
    }
  }
  return block;
}

/** Writes a trailer section to `out[at]`, with room for `maxEncodedSize` of the block; returns the offset behind it. */
export function writeTrailerFields(encoder: HpackEncoder, out: Buffer, at: number, block: string): number {
  encoder.begin(out, at);
  encoder.block(block);
  return encoder.end();
}
