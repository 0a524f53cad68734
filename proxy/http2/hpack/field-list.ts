import type { HeaderField } from './header-field.ts';

/** Bounds of one field list, the same as those of an HTTP/1 head: Envoy's names and defaults. */
export interface FieldLimits {
  /** `max_request_headers_kb`: decoded octets plus 32 for each field (RFC 9113 section 6.5.2). Default 60 KiB. */
  readonly maxHeadBytes: number;
  /** `max_headers_count`: every field as it is decoded, pseudo-header fields and cookie crumbs included. Default 100. */
  readonly maxHeaders: number;
}

export const defaultFieldLimits: FieldLimits = { maxHeadBytes: 61_440, maxHeaders: 100 };

/**
 * A decoded field section: `fields[0, count)`. What the decoder returns is its own and valid until its next call, unless
 * it comes from the memo; nobody but the decoder writes to it.
 */
export class FieldList {
  readonly fields: HeaderField[] = [];
  count = 0;
  /** Sum of the sizes of all fields, those that were not stored included. */
  size = 0;
  /** The list went over its limits: `fields` is not the whole of it, and the stream must be refused. */
  tooLarge = false;
}
