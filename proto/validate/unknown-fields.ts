import { isUtf8 } from 'node:buffer';
import { isPackable } from '../any.ts';
import { messageNameOf } from '../type-urls.ts';
import type { Path } from '../violation.ts';
import { root, Violations } from '../violation.ts';
import type { FieldSchema, MessageSchema } from './message-schema.ts';
import { messageSchema } from './message-schema.ts';
import type { WireField } from './wire-reader.ts';
import { MalformedWire, readFields, readPacked } from './wire-reader.ts';

/** Messages within messages, the entries of maps and the contents of an Any counted. The decoder stops at 100. */
export const MAX_DEPTH = 64;

/**
 * Fields that decoding would make, set or not, of all messages of a resource together. An empty message is two bytes on the
 * wire and an object with all its fields in memory: 4 MiB of empty virtual hosts would be 1.3 GB, and 7 s in which nothing else
 * happens. The densest routes that the control plane can send, 3 MiB of them, make 2.6 million.
 */
export const MAX_DECODED_FIELDS = 3_000_000;

const ANY = 'google.protobuf.Any';
const ANY_TYPE_URL = 1;
const ANY_VALUE = 2;
const MAP_KEY = 1;

/**
 * Walks over a message as it came and reports everything that decoding would hide: fields and enum values outside the
 * subset, two members of one oneof, a field that may stand once and stands twice, text that is not UTF-8, bytes that
 * end too early, and too many messages within each other.
 *
 * It goes into every Any whose type is in the subset. An Any of another type is left to the validator of its place,
 * which knows whether that is a fault: of several load balancing policies a client may skip those it does not know.
 *
 * A resource is mostly sound, so it is walked first without keeping account of where, which is half of the work; what has a fault
 * is walked once more.
 *
 * False: there is more than can be decoded, and no more of it was looked at.
 */
export function checkWire(bytes: Uint8Array, name: string, at: Path, violations: Violations): boolean {
  const first: DecodingBudget = { fields: MAX_DECODED_FIELDS };
  const found = new Violations();
  walk(bytes, messageSchema(name), null, found, first, 1);
  if (found.isEmpty && first.fields >= 0) return true;
  const budget: DecodingBudget = { fields: MAX_DECODED_FIELDS };
  walk(bytes, messageSchema(name), at, violations, budget, 1);
  if (budget.fields >= 0) return true;
  violations.add(at, `holds messages of more than ${MAX_DECODED_FIELDS} fields`);
  return false;
}

/** Fields that may still be made; below 0 nothing is walked any more. */
interface DecodingBudget {
  fields: number;
}

/** Where something is; null in the walk that only asks whether there is a fault, and is over with the first one. */
type Place = Path | null;

function walk(
  bytes: Uint8Array,
  schema: MessageSchema,
  at: Place,
  violations: Violations,
  budget: DecodingBudget,
  depth: number,
): void {
  if (depth > MAX_DEPTH) {
    violations.add(at ?? root, `is more than ${MAX_DEPTH} messages deep`);
    return;
  }
  budget.fields -= schema.fields.size;
  if (schema.name === ANY) {
    walkPacked(bytes, at, violations, budget, depth);
  }
  const message = new MessageWalk(schema, at, violations, budget, depth);
  try {
    for (const field of readFields(bytes)) {
      if (budget.fields < 0 || (at === null && !violations.isEmpty)) return;
      message.take(field);
    }
  } catch (error) {
    if (!(error instanceof MalformedWire)) {
      throw error;
    }
    violations.add(at ?? root, `is malformed: ${error.message}`);
  }
}

/** The contents of an Any are reported under its own path: `filters[0].typed_config.stat_prefix`. */
function walkPacked(any: Uint8Array, at: Place, violations: Violations, budget: DecodingBudget, depth: number): void {
  const name = messageNameOf(textOfField(any, ANY_TYPE_URL));
  if (name !== null && isPackable(name)) {
    walk(bytesOfField(any, ANY_VALUE), messageSchema(name), at, violations, budget, depth + 1);
  }
}

/** What has been seen of one message so far. */
class MessageWalk {
  readonly #schema: MessageSchema;
  readonly #at: Place;
  readonly #violations: Violations;
  readonly #budget: DecodingBudget;
  readonly #depth: number;
  /** Which of the first fields have come, where nobody asks how often. */
  #seenBits = 0;
  /** How often each field has come. */
  #seen: Map<number, number> | null = null;
  /** Which member of each oneof has come. */
  #members: Map<string, string> | null = null;

  constructor(schema: MessageSchema, at: Place, violations: Violations, budget: DecodingBudget, depth: number) {
    this.#schema = schema;
    this.#at = at;
    this.#violations = violations;
    this.#budget = budget;
    this.#depth = depth;
  }

  take(field: WireField): void {
    const schema = this.#schema.fields.get(field.number);
    if (schema === undefined) {
      this.#violations.add(
        this.#at ?? root,
        `has field ${field.number}, which is outside the subset of ${this.#schema.name}`,
      );
      return;
    }
    const index = this.#timesBefore(field.number);
    if (!schema.isRepeated && index === 1) {
      this.#violations.add(this.#at?.field(schema.name) ?? root, 'stands more than once');
    }
    if (schema.oneof !== null) {
      this.#checkOneof(schema.oneof, schema.name);
    }
    this.#checkValue(field, schema, index);
  }

  /** 1 for any number of times, where nobody asks. */
  #timesBefore(number: number): number {
    if (this.#at === null && number < 32) {
      const bit = 1 << number;
      const times = (this.#seenBits & bit) === 0 ? 0 : 1;
      this.#seenBits |= bit;
      return times;
    }
    this.#seen ??= new Map();
    const times = this.#seen.get(number) ?? 0;
    this.#seen.set(number, times + 1);
    return times;
  }

  #checkOneof(oneof: string, member: string): void {
    this.#members ??= new Map();
    const other = this.#members.get(oneof) ?? member;
    this.#members.set(oneof, member);
    if (other !== member) {
      this.#violations.add(this.#at ?? root, `has both ${other} and ${member}, and only one of them may be set`);
    }
  }

  #checkValue(field: WireField, schema: FieldSchema, index: number): void {
    if (field.wireType === schema.wireType) {
      if (field.wireType === 'bytes') {
        this.#checkBytes(field.value, schema, index);
      } else if (field.wireType === 'varint') {
        this.#checkEnum(field.value, schema, index);
      }
    } else if (schema.isRepeated && field.wireType === 'bytes') {
      for (const value of readPacked(field.value, schema.wireType)) {
        this.#checkEnum(value, schema, index);
      }
    } else {
      throw new MalformedWire(`${schema.name} is a ${field.wireType} where a ${schema.wireType} belongs`);
    }
  }

  #checkEnum(value: number, schema: FieldSchema, index: number): void {
    if (schema.enumValues !== null && !schema.enumValues.has(value)) {
      this.#violations.add(this.#pathOf(schema, index) ?? root, `has the value ${value}, which is outside the subset`);
    }
  }

  #checkBytes(value: Uint8Array, schema: FieldSchema, index: number): void {
    if (schema.isText && !isUtf8(value)) {
      this.#violations.add(this.#pathOf(schema, index) ?? root, 'is not UTF-8');
    }
    const message = schema.message?.();
    if (message?.isMapEntry) {
      walk(
        value,
        message,
        this.#at?.field(schema.name).key(textOfField(value, MAP_KEY)) ?? null,
        this.#violations,
        this.#budget,
        this.#depth + 1,
      );
    } else if (message !== undefined) {
      walk(value, message, this.#pathOf(schema, index), this.#violations, this.#budget, this.#depth + 1);
    }
  }

  #pathOf(schema: FieldSchema, index: number): Place {
    if (this.#at === null) return null;
    const path = this.#schema.isMapEntry ? this.#at : this.#at.field(schema.name);
    return schema.isRepeated ? path.index(index) : path;
  }
}

/** Empty when the field is missing, or when the message is malformed, which the walk reports. */
function bytesOfField(bytes: Uint8Array, number: number): Uint8Array {
  let found: Uint8Array = new Uint8Array(0);
  try {
    for (const field of readFields(bytes)) {
      if (field.number === number && field.wireType === 'bytes') {
        found = field.value;
      }
    }
  } catch (error) {
    if (!(error instanceof MalformedWire)) {
      throw error;
    }
  }
  return found;
}

function textOfField(bytes: Uint8Array, number: number): string {
  return Buffer.from(bytesOfField(bytes, number)).toString('utf8');
}
