/**
 * Frame types and flags (RFC 9113 section 6). Plain numbers: they are compared for every frame.
 *
 * ```
 *   length 24 │ type 8 │ flags 8 │ R 1 │ stream 31 │ payload
 * ```
 */
export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 1;
/** Of SETTINGS and PING; the same bit as `END_STREAM`. */
export const ACK = 1;
export const END_HEADERS = 4;
export const PADDED = 8;
/** Of HEADERS: five bytes of priority come first. */
export const PRIORITIZED = 32;

export const FRAME_HEADER_BYTES = 9;

/**
 * Payload of the largest frame that we take and send: the smallest `SETTINGS_MAX_FRAME_SIZE` there is, so every peer takes
 * it, and small enough for streams to share a connection fairly (RFC 9113 section 4.2).
 */
export const MAX_FRAME_BYTES = 16_384;

/** The largest window, and the largest stream identifier (RFC 9113 sections 5.1.1 and 6.9.1). */
export const MAX_UINT31 = 0x7fff_ffff;

/** What a client sends first (RFC 9113 section 3.4). */
export const CONNECTION_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** The four bytes at `at` as an unsigned number. */
export function uint32At(bytes: Uint8Array, at: number): number {
  return uint31At(bytes, at) + ((bytes[at] as number) >= 128 ? 0x8000_0000 : 0); // the caller has checked the length
}

/** The four bytes at `at` without their first bit, which is reserved in stream identifiers and increments. */
export function uint31At(bytes: Uint8Array, at: number): number {
  // the caller has checked the length
  return (
    (((bytes[at] as number) & 0x7f) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
