import { DerError } from './der-error.ts';

/** The tags that X.509 and PKCS#10 use, as the identifier octet on the wire. */
export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of `[number]` in a context: primitive for an implicit string, constructed otherwise. */
export function contextTag(number: number, form: 'primitive' | 'constructed'): number {
  return 0x80 | (form === 'constructed' ? 0x20 : 0) | number;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * A cursor over DER that a stranger sent: X.690's distinguished rules, nothing of BER.
 *
 * It reads what the caller asks for, one element after the other, and goes into an element only when told to.
 * So neither depth nor time depends on what the bytes claim: every step moves forward, no step recurses, and
 * nothing is copied (buffers it returns are views). Lengths must be definite, minimal and inside the element
 * around them; tag numbers above 30 do not occur in X.509 and are refused.
 *
 * Every method throws {@link DerError}, and nothing else, when the bytes are not what was asked for.
 */
export class DerReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #contentStart = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.byteLength;
    this.#at = 0;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  /** Whether another element follows and has this tag. Reads nothing. */
  isNext(tag: number): boolean {
    return this.#at < this.#end && this.#bytes[this.#at] === tag;
  }

  /** The next element's tag, without reading the element. */
  nextTag(what: string): number {
    if (this.isAtEnd) {
      throw new DerError(`${what} is missing`);
    }
    return this.#bytes[this.#at] as number;
  }

  /** The content octets of the next element. */
  content(tag: number, what: string): Buffer {
    const end = this.#header(tag, what);
    this.#at = end;
    return this.#bytes.subarray(this.#contentStart, end);
  }

  /** The next element whole, tag and length included. */
  element(tag: number, what: string): Buffer {
    const start = this.#at;
    this.#at = this.#header(tag, what);
    return this.#bytes.subarray(start, this.#at);
  }

  /** A cursor over the content of the next element. */
  enter(tag: number, what: string): DerReader {
    return new DerReader(this.content(tag, what));
  }

  /** To be called after the last element that belongs here: anything that follows it is refused. */
  finish(what: string): void {
    if (!this.isAtEnd) {
      throw new DerError(`${what} is followed by ${this.#end - this.#at} more bytes`);
    }
  }

  boolean(what: string): boolean {
    const content = this.content(tags.boolean, what);
    if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff)) {
      throw new DerError(`${what} is neither true nor false`);
    }
    return content[0] === 0xff;
  }

  /** The content of an INTEGER that is not negative, at most `maxBytes` long, with its sign byte if it has one. */
  unsignedInteger(what: string, maxBytes: number): Buffer {
    const content = this.content(tags.integer, what);
    const [first, second] = content;
    if (first === undefined || content.length > maxBytes || first & 0x80) {
      throw new DerError(`${what} is negative, empty or longer than ${maxBytes} bytes`);
    }
    if (first === 0 && second !== undefined && !(second & 0x80)) {
      throw new DerError(`${what} has a leading zero`);
    }
    return content;
  }

  /** The bytes of a BIT STRING that is made of whole bytes, as keys and signatures are. */
  wholeBits(what: string): Buffer {
    const content = this.content(tags.bitString, what);
    if (content[0] !== 0) {
      throw new DerError(`${what} is not made of whole bytes`);
    }
    return content.subarray(1);
  }

  /** The numbers of the bits that are set in a BIT STRING of named flags; bit 0 is the first. At most 32. */
  flags(what: string): number[] {
    const content = this.content(tags.bitString, what);
    const unusedBits = content[0] ?? 8;
    const last = content.length > 1 ? (content[content.length - 1] as number) : 0;
    // X.690, 11.2.2: a list of named flags has its trailing zeros cut off, so the last bit in use is set.
    const isDistinguished = content.length === 1 ? unusedBits === 0 : ((last >> unusedBits) & 1) === 1;
    if (unusedBits > 7 || content.length > 5 || !isDistinguished || (last & ((1 << unusedBits) - 1)) !== 0) {
      throw new DerError(`${what} is not a list of flags`);
    }
    const set: number[] = [];
    for (let bit = 0; bit < (content.length - 1) * 8; bit++) {
      if ((content[1 + (bit >> 3)] as number) & (0x80 >> (bit & 7))) {
        set.push(bit);
      }
    }
    return set;
  }

  utf8String(what: string): string {
    const content = this.content(tags.utf8String, what);
    try {
      return strictUtf8.decode(content);
    } catch (cause) {
      throw new DerError(`${what} is not UTF-8`, { cause });
    }
  }

  /**
   * A point in time, in milliseconds since 1970. As RFC 5280, section 4.1.2.5 has it: UTCTime until 2049,
   * GeneralizedTime from 2050, both with seconds, in UTC and without fractions.
   */
  timeMs(what: string): number {
    const isUtcTime = this.isNext(tags.utcTime);
    const text = this.content(isUtcTime ? tags.utcTime : tags.generalizedTime, what).toString('latin1');
    const match = (isUtcTime ? utcTimePattern : generalizedTimePattern).exec(text);
    if (match === null) {
      throw new DerError(`${what} is not a time`);
    }
    const [years, month, day, hour, minute, second] = match.slice(1).map(Number) as SixNumbers;
    const year = isUtcTime ? (years < 50 ? 2000 + years : 1900 + years) : years;
    const timeMs = Date.UTC(year, month - 1, day, hour, minute, second);
    const time = new Date(timeMs);
    // Date.UTC carries 31 February over into March; a time that does not come back as it went in never was one.
    const isReal = time.getUTCMonth() === month - 1 && time.getUTCDate() === day && time.getUTCHours() === hour;
    if (!isReal || minute > 59 || second > 59 || (!isUtcTime && year < 2050)) {
      throw new DerError(`${what} is not a time that a certificate may state`);
    }
    return timeMs;
  }

  /** Reads tag and length; leaves the content's start in `#contentStart` and returns its end. */
  #header(tag: number, what: string): number {
    const bytes = this.#bytes;
    const found = this.nextTag(what);
    if (found !== tag) {
      throw new DerError(`${what} has tag 0x${found.toString(16)} instead of 0x${tag.toString(16)}`);
    }
    let at = this.#at + 1;
    let length = at < this.#end ? (bytes[at] as number) : -1;
    at += 1;
    if (length >= 0x80) {
      const lengthBytes = length & 0x7f;
      // Three bytes count to 16 MiB, beyond any input we take; 0x80 is BER's indefinite length.
      if (lengthBytes === 0 || lengthBytes > 3 || at + lengthBytes > this.#end) {
        throw new DerError(`${what} has a length that is indefinite, too long or cut off`);
      }
      length = bytes.readUIntBE(at, lengthBytes);
      at += lengthBytes;
      if (length < 0x80 || length < 2 ** (8 * (lengthBytes - 1))) {
        throw new DerError(`${what} has a length that is not minimal`);
      }
    }
    if (length < 0 || at + length > this.#end) {
      throw new DerError(`${what} is cut off`);
    }
    this.#contentStart = at;
    return at + length;
  }
}

type SixNumbers = [number, number, number, number, number, number];
const utcTimePattern = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const generalizedTimePattern = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
