import { DerError } from './der-error.ts';

/** The object identifiers that appear in our certificates and signing requests. */
export const oids = {
  /** RFC 5480, section 2.1.1. */
  ecPublicKey: '1.2.840.10045.2.1',
  /** P-256; RFC 5480, section 2.1.1.1. */
  prime256v1: '1.2.840.10045.3.1.7',
  /** RFC 5758, section 3.2. */
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  /** The PKCS#10 attribute that asks for extensions; RFC 2985, section 5.4.2. */
  extensionRequest: '1.2.840.113549.1.9.14',
  /** Naming attributes; RFC 5280, appendix A.1. */
  commonName: '2.5.4.3',
  serialNumberAttribute: '2.5.4.5',
  organizationName: '2.5.4.10',
  /** Certificate extensions; RFC 5280, section 4.2.1. */
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  /** Extended key usages; RFC 5280, section 4.2.1.12. */
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  /** Heddle's join grant, an arc made from a UUID of our own (ITU-T X.667, section 7). */
  joinGrant: '2.25.54143319905559556272564012318584519588',
} as const;

/** Far above any real identifier (an arc made from a UUID takes 19 bytes), low enough to decode at once. */
const maxOidBytes = 64;

/** A sub-identifier of up to 7 times 7 bits is exact in a double; a longer one is decoded as a bigint. */
const exactSubIdentifierBytes = 7;

/**
 * The content octets of an OBJECT IDENTIFIER. Arcs may have any size: node-forge stops at 32 bits, and an arc
 * made from a UUID has 128.
 *
 * Source: X.690, section 8.19.
 */
export function encodeOid(oid: string): Buffer {
  const [first, second, ...rest] = oid.split('.').map((arc) => BigInt(arc));
  if (first === undefined || second === undefined || first > 2n || (first < 2n && second > 39n)) {
    throw new RangeError(`${oid} is not an object identifier`);
  }
  const bytes: number[] = [];
  for (const subIdentifier of [first * 40n + second, ...rest]) {
    const groups = [Number(subIdentifier & 0x7fn)];
    for (let left = subIdentifier >> 7n; left > 0n; left >>= 7n) {
      groups.unshift(Number(left & 0x7fn) | 0x80);
    }
    bytes.push(...groups);
  }
  return Buffer.from(bytes);
}

/**
 * The dotted form of an OBJECT IDENTIFIER's content octets, at most 64 of them. Throws {@link DerError} for an
 * empty, unfinished or not minimally encoded identifier, so that no two encodings read as the same name.
 *
 * Source: X.690, section 8.19.
 */
export function decodeOid(content: Uint8Array): string {
  if (content.length === 0 || content.length > maxOidBytes) {
    throw new DerError(`an object identifier of ${content.length} bytes`);
  }
  let text = '';
  let start = 0;
  for (let at = 0; at < content.length; at++) {
    if ((content[at] as number) & 0x80) {
      continue;
    }
    const value = subIdentifier(content, start, at);
    text += start === 0 ? firstTwoArcs(value) : `.${value}`;
    start = at + 1;
  }
  if (start !== content.length) {
    throw new DerError('an object identifier that ends inside a number');
  }
  return text;
}

function subIdentifier(content: Uint8Array, start: number, end: number): number | bigint {
  if (content[start] === 0x80) {
    throw new DerError('an object identifier whose number has a leading zero');
  }
  if (end - start < exactSubIdentifierBytes) {
    let value = 0;
    for (let at = start; at <= end; at++) {
      value = value * 128 + ((content[at] as number) & 0x7f);
    }
    return value;
  }
  let value = 0n;
  for (let at = start; at <= end; at++) {
    value = (value << 7n) | BigInt((content[at] as number) & 0x7f);
  }
  return value;
}

function firstTwoArcs(value: number | bigint): string {
  if (typeof value === 'bigint') {
    return `2.${value - 80n}`;
  }
  return value < 80 ? `${value < 40 ? 0 : 1}.${value % 40}` : `2.${value - 80}`;
}
