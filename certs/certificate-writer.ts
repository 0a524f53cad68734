import type { KeyObject } from 'node:crypto';
import { createHash, randomBytes, sign } from 'node:crypto';
import type { KeyUsage } from './certificate.ts';
import type { DerNode } from './der-writer.ts';
import * as der from './der-writer.ts';
import { spkiOf } from './key-pair.ts';
import { oids } from './object-identifier.ts';

/** An extension to be written as it is, never critical: who does not know it passes over it. */
export interface ExtraExtension {
  readonly oid: string;
  /** DER, the content of the extension's OCTET STRING. */
  readonly value: Buffer;
}

/** One naming attribute of a distinguished name; each becomes a part of its own. */
export interface NameAttribute {
  readonly oid: string;
  readonly text: string;
}

/** Everything a certificate says. Nothing is checked here: authority.ts decides what is issued. */
export interface CertificateContent {
  readonly serial: Buffer;
  readonly subject: readonly NameAttribute[];
  /** DER of the issuer's name, or null for the subject itself: a root. */
  readonly issuer: Buffer | null;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: KeyObject;
  readonly issuerPublicKey: KeyObject;
  /** Null for a leaf; for an authority how many authorities may follow below it, or null for any number. */
  readonly authority: { readonly pathLength: number | null } | null;
  readonly keyUsage: readonly KeyUsage[];
  readonly extendedKeyUsage: readonly string[];
  readonly uriSans: readonly string[];
  readonly extensions: readonly ExtraExtension[];
}

const serialBytes = 16;

/** 126 random bits. The first bit is 0 so that the number is positive, the second 1 so that it has 16 bytes. */
export function randomSerial(): Buffer {
  const serial = randomBytes(serialBytes);
  serial[0] = ((serial[0] as number) & 0x7f) | 0x40;
  return serial;
}

/**
 * Writes and signs an X.509 v3 certificate that passes `openssl verify -x509_strict`: signed with
 * ecdsa-with-SHA256, basicConstraints and keyUsage critical, key identifiers made as in RFC 5280, section
 * 4.2.1.2, method 1, and subjectAltName critical exactly when the subject is empty (section 4.2.1.6).
 */
export function writeCertificate(content: CertificateContent, issuerKey: KeyObject): Buffer {
  const subject = distinguishedName(content.subject);
  const tbs = der.encodeDer(
    der.sequence(
      der.tagged(0, der.integer(Buffer.from([2]))),
      der.integer(content.serial),
      ecdsaWithSha256(),
      content.issuer === null ? subject : der.encoded(content.issuer),
      der.sequence(der.time(content.notBeforeMs), der.time(content.notAfterMs)),
      subject,
      der.encoded(spkiOf(content.publicKey)),
      der.tagged(3, der.sequence(...extensionsOf(content))),
    ),
  );
  return signed(tbs, issuerKey);
}

/** The outer shape that certificates and signing requests share: content, algorithm, signature. */
export function signed(content: Buffer, privateKey: KeyObject): Buffer {
  const signature = sign('sha256', content, { key: privateKey, dsaEncoding: 'der' });
  return der.encodeDer(der.sequence(der.encoded(content), ecdsaWithSha256(), der.bitString(signature)));
}

/** GeneralNames with these URIs. Bytes above ASCII are written as they are; checking them is the caller's part. */
export function uriNames(uris: readonly string[]): DerNode {
  return der.sequence(...uris.map((uri) => der.taggedBytes(6, Buffer.from(uri, 'latin1'))));
}

export function extension(name: string, isCritical: boolean, value: Buffer): DerNode {
  return der.sequence(der.oid(name), ...(isCritical ? [der.trueValue()] : []), der.octetString(value));
}

/** RFC 5758, section 3.2: without parameters, not even NULL. */
function ecdsaWithSha256(): DerNode {
  return der.sequence(der.oid(oids.ecdsaWithSha256));
}

function distinguishedName(attributes: readonly NameAttribute[]): DerNode {
  // RFC 5280, appendix A.1: serialNumber is a PrintableString, the others are best written in UTF-8.
  const value = ({ oid, text }: NameAttribute) =>
    oid === oids.serialNumberAttribute ? der.printableString(text) : der.utf8String(text);
  return der.sequence(...attributes.map((part) => der.set(der.sequence(der.oid(part.oid), value(part)))));
}

function extensionsOf(content: CertificateContent): DerNode[] {
  const issuerKeyId = der.sequence(der.taggedBytes(0, keyIdentifier(content.issuerPublicKey)));
  const extensions = [
    extension(oids.basicConstraints, true, der.encodeDer(basicConstraints(content.authority))),
    extension(oids.subjectKeyIdentifier, false, der.encodeDer(der.octetString(keyIdentifier(content.publicKey)))),
    extension(oids.authorityKeyIdentifier, false, der.encodeDer(issuerKeyId)),
  ];
  if (content.keyUsage.length > 0) {
    extensions.push(extension(oids.keyUsage, true, der.encodeDer(keyUsageFlags(content.keyUsage))));
  }
  if (content.extendedKeyUsage.length > 0) {
    const purposes = der.sequence(...content.extendedKeyUsage.map((purpose) => der.oid(purpose)));
    extensions.push(extension(oids.extendedKeyUsage, false, der.encodeDer(purposes)));
  }
  if (content.uriSans.length > 0) {
    const isSubjectEmpty = content.subject.length === 0;
    extensions.push(extension(oids.subjectAltName, isSubjectEmpty, der.encodeDer(uriNames(content.uriSans))));
  }
  return [...extensions, ...content.extensions.map(({ oid, value }) => extension(oid, false, value))];
}

function basicConstraints(authority: CertificateContent['authority']): DerNode {
  // cA is FALSE by default, and DER leaves defaults out.
  if (authority === null) {
    return der.sequence();
  }
  return authority.pathLength === null
    ? der.sequence(der.trueValue())
    : der.sequence(der.trueValue(), der.integer(Buffer.from([authority.pathLength])));
}

const keyUsageBits: Readonly<Record<KeyUsage, number>> = {
  digitalSignature: 0,
  nonRepudiation: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
  encipherOnly: 7,
  decipherOnly: 8,
};

function keyUsageFlags(usages: readonly KeyUsage[]): DerNode {
  const bits = usages.map((usage) => keyUsageBits[usage]);
  const bitCount = Math.max(...bits) + 1;
  const bytes = Buffer.alloc(Math.ceil(bitCount / 8));
  for (const bit of bits) {
    bytes[bit >> 3] = (bytes[bit >> 3] as number) | (0x80 >> (bit & 7));
  }
  return der.bitString(bytes, bytes.length * 8 - bitCount);
}

/** SHA-1 names the key here and protects nothing; OpenSSL derives the same identifier. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const pointBytes = 65;
  return createHash('sha1').update(spkiOf(publicKey).subarray(-pointBytes)).digest();
}
