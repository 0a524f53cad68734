import asn1 from 'node-forge/lib/asn1.js';
import { encodeOid } from './object-identifier.ts';

/**
 * Names for the DER that X.509 and PKCS#10 are made of, over node-forge's encoder.
 *
 * Only what writes certificates imports this file, and with it node-forge; reading them, which a sidecar does at
 * every handshake, goes without (`der-reader.ts`).
 */
export type DerNode = asn1.Asn1;

const { Class, Type } = asn1;

export function encodeDer(node: DerNode): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}

/** An element that is already encoded, by us or by node:crypto; never what a stranger sent. */
export function encoded(der: Buffer): DerNode {
  return asn1.fromDer(der.toString('latin1'));
}

export function sequence(...children: DerNode[]): DerNode {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, children);
}

export function set(...children: DerNode[]): DerNode {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, children);
}

/** `[number] EXPLICIT`, or `[number] IMPLICIT` of a constructed type. */
export function tagged(number: number, ...children: DerNode[]): DerNode {
  return asn1.create(Class.CONTEXT_SPECIFIC, number, true, children);
}

/** `[number] IMPLICIT` of a string type. */
export function taggedBytes(number: number, bytes: Buffer): DerNode {
  return asn1.create(Class.CONTEXT_SPECIFIC, number, false, bytes.toString('latin1'));
}

export function oid(name: string): DerNode {
  return primitive(Type.OID, encodeOid(name));
}

export function trueValue(): DerNode {
  return primitive(Type.BOOLEAN, Buffer.from([0xff]));
}

/** An INTEGER from its big-endian bytes; the first bit is the sign. */
export function integer(bytes: Buffer): DerNode {
  return primitive(Type.INTEGER, bytes);
}

export function octetString(bytes: Buffer): DerNode {
  return primitive(Type.OCTETSTRING, bytes);
}

/** A BIT STRING of whole bytes, or with the last `unusedBits` bits not in use. */
export function bitString(bytes: Buffer, unusedBits = 0): DerNode {
  return primitive(Type.BITSTRING, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

export function utf8String(text: string): DerNode {
  return primitive(Type.UTF8, Buffer.from(text, 'utf8'));
}

export function printableString(text: string): DerNode {
  return primitive(Type.PRINTABLESTRING, Buffer.from(text, 'latin1'));
}

/** UTCTime, which ends with 2049, or GeneralizedTime from then on (RFC 5280, section 4.1.2.5). Whole seconds. */
export function time(timeMs: number): DerNode {
  const date = new Date(timeMs);
  return date.getUTCFullYear() < 2050
    ? primitive(Type.UTCTIME, Buffer.from(asn1.dateToUtcTime(date), 'latin1'))
    : primitive(Type.GENERALIZEDTIME, Buffer.from(asn1.dateToGeneralizedTime(date), 'latin1'));
}

function primitive(type: asn1.Type, bytes: Buffer): DerNode {
  return asn1.create(Class.UNIVERSAL, type, false, bytes.toString('latin1'));
}
