import { Buffer } from 'node:buffer';
import {
  isFieldName,
  isFieldValue,
  RULE_AUTHORITY,
  RULE_HOST,
  RULE_MALFORMED,
  ruleOf,
  ruleOfName,
} from '../field-rules.ts';

/**
 * One header field: immutable, made once when it enters the static or a dynamic table or is read as a literal, with
 * everything that a later message needs of it worked out.
 */
export class HeaderField {
  readonly name: string;
  readonly value: string;
  /** Octets of name and value plus 32 (RFC 7541 section 4.1). */
  readonly size: number;
  /** One of the rules in `field-rules.ts`. */
  readonly rule: number;
  /** Rule of the name, for literals that take their name from this entry. */
  readonly nameRule: number;
  #line: string | null = null;

  /** `isValid` says that the value is one that fields may have; by default it is looked at here. */
  constructor(name: string, value: string, nameRule: number, isValid: boolean = isFieldValue(value)) {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + 32;
    this.nameRule = nameRule;
    this.rule = nameRule === RULE_MALFORMED || !isValid ? RULE_MALFORMED : ruleOf(nameRule, value);
  }

  /** A field whose name no table knows. */
  static of(name: string, value: string): HeaderField {
    return new HeaderField(name, value, isFieldName(name) ? ruleOfName(name) : RULE_MALFORMED);
  }

  /** What is added to the block of a message: `name: value\r\n`; of `:authority` and `host` a `host: ` line in lower case. */
  get line(): string {
    this.#line ??= this.#makeLine();
    return this.#line;
  }

  /** Makes the line now, and as one piece: a concatenation would be walked through in every message that has it. */
  settle(): this {
    this.#line ??= Buffer.from(this.#makeLine(), 'latin1').toString('latin1');
    return this;
  }

  #makeLine(): string {
    return this.rule === RULE_AUTHORITY || this.rule === RULE_HOST
      ? `host: ${this.value.toLowerCase()}\r\n`
      : `${this.name}: ${this.value}\r\n`;
  }
}
