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
  /** What is added to the block of a message: `name: value\r\n`; of `:authority` its `host: ` line, in lower case. */
  readonly line: string;
  /** Octets of name and value plus 32 (RFC 7541 section 4.1). */
  readonly size: number;
  /** One of the rules in `field-rules.ts`. */
  readonly rule: number;
  /** Rule of the name, for literals that take their name from this entry. */
  readonly nameRule: number;

  constructor(name: string, value: string, nameRule: number) {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + 32;
    this.nameRule = nameRule;
    this.rule = nameRule === RULE_MALFORMED || !isFieldValue(value) ? RULE_MALFORMED : ruleOf(nameRule, value);
    this.line =
      this.rule === RULE_AUTHORITY || this.rule === RULE_HOST
        ? `host: ${value.toLowerCase()}\r\n`
        : `${name}: ${value}\r\n`;
  }

  /** A field whose name no table knows. */
  static of(name: string, value: string): HeaderField {
    return new HeaderField(name, value, isFieldName(name) ? ruleOfName(name) : RULE_MALFORMED);
  }
}
