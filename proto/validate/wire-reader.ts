/**
 * One field as it stands on the wire, before anyone asks what it means.
 *
 * Source: Protocol Buffers documentation, "Encoding". Groups (wire types 3 and 4) are not part of proto3.
 */
export type WireField =
  | { readonly number: number; readonly wireType: 'varint'; readonly value: number }
  | { readonly number: number; readonly wireType: 'fixed64' | 'fixed32' | 'bytes'; readonly value: Uint8Array };

export type WireType = WireField['wireType'];

/** Bytes that are no protobuf message. */
export class MalformedWire extends Error {
  override readonly name = 'MalformedWire';
}

const MAX_FIELD_NUMBER = 2 ** 29 - 1;
const MAX_VARINT_BYTES = 10;

/**
 * The fields of a message, in the order of the wire. Throws MalformedWire at the first byte that cannot be stepped over.
 *
 * Stricter than the decoder, which takes a string that is cut short for a short string. A varint above 2^53 loses its
 * lowest bits; nothing here depends on those.
 */
export function* readFields(bytes: Uint8Array): Generator<WireField> {
  const reader = new Reader(bytes);
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    if (number < 1 || number > MAX_FIELD_NUMBER) {
      throw new MalformedWire(`field number ${number}`);
    }
    switch (tag % 8) {
      case 0:
        yield { number, wireType: 'varint', value: reader.varint() };
        break;
      case 1:
        yield { number, wireType: 'fixed64', value: reader.take(8) };
        break;
      case 2:
        yield { number, wireType: 'bytes', value: reader.take(reader.varint()) };
        break;
      case 5:
        yield { number, wireType: 'fixed32', value: reader.take(4) };
        break;
      default:
        throw new MalformedWire(`field ${number} has wire type ${tag % 8}`);
    }
  }
}

/** The numbers of a packed list: the same as its elements would be, one by one. */
export function* readPacked(bytes: Uint8Array, wireType: WireType): Generator<number> {
  const reader = new Reader(bytes);
  while (!reader.isAtEnd) {
    if (wireType === 'varint') {
      yield reader.varint();
    } else {
      reader.take(wireType === 'fixed64' ? 8 : 4);
    }
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < MAX_VARINT_BYTES; count += 1) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) {
        throw new MalformedWire('ends within a number');
      }
      this.#position += 1;
      value += (byte % 128) * factor;
      if (byte < 128) {
        return value;
      }
      factor *= 128;
    }
    throw new MalformedWire('a number of more than 10 bytes');
  }

  take(length: number): Uint8Array {
    const end = this.#position + length;
    if (end > this.#bytes.length) {
      throw new MalformedWire(`ends ${end - this.#bytes.length} bytes too early`);
    }
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }
}
