import { DerError } from './der-error.ts';
import { contextTag, DerReader, tags } from './der-reader.ts';
import { decodeOid, oids } from './object-identifier.ts';

/** A leaf with the longest SPIFFE id (2048 bytes) and the largest grant (2 KiB) stays below 5 KiB. */
export const maxCertificateBytes = 16 * 1024;

/** RFC 5280, section 4.1.2.2: conforming certificates have serial numbers of at most 20 octets. */
const maxSerialBytes = 20;

/** RFC 5280, section 4.2.1.3, in the order of the bits. */
const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

export type KeyUsage = (typeof keyUsageNames)[number];

/** What a certificate says of itself. Nothing in it has been verified: see svid.ts and trust-bundle.ts. */
export interface Certificate {
  readonly der: Buffer;
  /** The part that the signature covers. */
  readonly tbs: Buffer;
  readonly signatureAlgorithm: string;
  readonly signature: Buffer;
  /** Lower-case hexadecimal, without a sign byte. */
  readonly serialHex: string;
  /** DER of the distinguished names, to be compared byte by byte. */
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Buffer;
  /** One character per byte, so that whatever is not ASCII stays visible to the rules that refuse it. */
  readonly uriSans: readonly string[];
  readonly isCa: boolean;
  /** How many further authorities may stand below this one; null for no limit, or for no authority. */
  readonly pathLength: number | null;
  readonly keyUsage: ReadonlySet<KeyUsage> | null;
  readonly extendedKeyUsage: readonly string[] | null;
  isCritical(extensionOid: string): boolean;
  /** The content of an extension's OCTET STRING, or null when the certificate does not have it. */
  extension(extensionOid: string): Buffer | null;
  /** Critical extensions that this reader does not understand. RFC 5280, section 4.2: refuse the certificate. */
  readonly unknownCriticalExtensions: readonly string[];
}

/** These bytes are no X.509 v3 certificate in DER. */
export class InvalidCertificateError extends Error {
  override readonly name = 'InvalidCertificateError';
}

/**
 * Reads an X.509 v3 certificate (RFC 5280, section 4.1) from its DER: in one pass, without copying, and cheap
 * enough to be done at every handshake.
 *
 * The bytes may come from a stranger. They are refused, always with {@link InvalidCertificateError}, when they
 * are longer than 16 KiB, break a rule of DER, name one extension twice, or carry anything where RFC 5280 has
 * nothing. Names are read from here and never from Node's `subjectaltname` text, in which a comma, a quote or
 * a NUL inside one name can look like another name (CVE-2021-44532, CVE-2025-66220).
 */
export function readCertificate(der: Uint8Array): Certificate {
  if (der.length > maxCertificateBytes) {
    throw new InvalidCertificateError(`a certificate of ${der.length} bytes; at most ${maxCertificateBytes} are read`);
  }
  try {
    return new ParsedCertificate(Buffer.from(der.buffer, der.byteOffset, der.byteLength));
  } catch (cause) {
    if (cause instanceof DerError) {
      throw new InvalidCertificateError(`not a certificate: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

/** Why a certificate is not valid at this moment, or null. Both ends count as valid (RFC 5280, section 4.1.2.5). */
export function outsideValidity(certificate: Certificate, nowMs: number): string | null {
  if (nowMs < certificate.notBeforeMs) {
    return `the certificate is not valid before ${new Date(certificate.notBeforeMs).toISOString()}`;
  }
  if (nowMs > certificate.notAfterMs) {
    return `the certificate expired at ${new Date(certificate.notAfterMs).toISOString()}`;
  }
  return null;
}

interface Extension {
  readonly isCritical: boolean;
  readonly value: Buffer;
}

class ParsedCertificate implements Certificate {
  readonly der: Buffer;
  readonly tbs: Buffer;
  readonly signatureAlgorithm: string;
  readonly signature: Buffer;
  readonly serialHex: string;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly spki: Buffer;
  readonly uriSans: readonly string[];
  readonly isCa: boolean;
  readonly pathLength: number | null;
  readonly keyUsage: ReadonlySet<KeyUsage> | null;
  readonly extendedKeyUsage: readonly string[] | null;
  readonly unknownCriticalExtensions: readonly string[];
  readonly #extensions: ReadonlyMap<string, Extension>;

  constructor(der: Buffer) {
    this.der = der;
    const input = new DerReader(der);
    const certificate = input.enter(tags.sequence, 'the certificate');
    input.finish('the certificate');
    this.tbs = certificate.element(tags.sequence, 'the signed part');
    const algorithm = certificate.element(tags.sequence, 'the signature algorithm');
    this.signature = certificate.wholeBits('the signature');
    certificate.finish('the signature');
    this.signatureAlgorithm = readAlgorithm(algorithm);

    const tbs = new DerReader(this.tbs).enter(tags.sequence, 'the signed part');
    readVersion(tbs.enter(contextTag(0, 'constructed'), 'the version'));
    this.serialHex = readSerial(tbs);
    if (!tbs.element(tags.sequence, 'the inner signature algorithm').equals(algorithm)) {
      throw new DerError('the two signature algorithms differ');
    }
    this.issuer = tbs.element(tags.sequence, 'the issuer');
    const validity = tbs.enter(tags.sequence, 'the validity');
    this.notBeforeMs = validity.timeMs('notBefore');
    this.notAfterMs = validity.timeMs('notAfter');
    validity.finish('notAfter');
    this.subject = tbs.element(tags.sequence, 'the subject');
    this.spki = tbs.element(tags.sequence, 'the public key');
    this.#extensions = tbs.isAtEnd ? new Map() : readExtensions(tbs);
    tbs.finish('the signed part');

    const constraints = readBasicConstraints(this.extension(oids.basicConstraints));
    this.isCa = constraints.isCa;
    this.pathLength = constraints.pathLength;
    this.keyUsage = readKeyUsage(this.extension(oids.keyUsage));
    this.extendedKeyUsage = readExtendedKeyUsage(this.extension(oids.extendedKeyUsage));
    this.uriSans = readUriSans(this.extension(oids.subjectAltName));
    this.unknownCriticalExtensions = unknownCritical(this.#extensions);
  }

  isCritical(extensionOid: string): boolean {
    return this.#extensions.get(extensionOid)?.isCritical === true;
  }

  extension(extensionOid: string): Buffer | null {
    return this.#extensions.get(extensionOid)?.value ?? null;
  }
}

function readVersion(version: DerReader): void {
  const value = version.unsignedInteger('the version', 1);
  version.finish('the version');
  if (value[0] !== 2) {
    throw new DerError('the version is not 3');
  }
}

function readSerial(tbs: DerReader): string {
  // One more byte than the number may have: a number whose first bit is set needs a zero in front.
  const content = tbs.unsignedInteger('the serial number', maxSerialBytes + 1);
  const number = content[0] === 0 ? content.subarray(1) : content;
  if (number.length === 0 || number.length > maxSerialBytes) {
    throw new DerError(`the serial number is zero or longer than ${maxSerialBytes} bytes`);
  }
  return number.toString('hex');
}

function readAlgorithm(der: Buffer): string {
  return decodeOid(new DerReader(der).enter(tags.sequence, 'the algorithm').content(tags.oid, 'the algorithm'));
}

function readExtensions(tbs: DerReader): Map<string, Extension> {
  const wrapper = tbs.enter(contextTag(3, 'constructed'), 'the extensions');
  const list = wrapper.enter(tags.sequence, 'the extensions');
  wrapper.finish('the extensions');
  const extensions = new Map<string, Extension>();
  while (!list.isAtEnd) {
    const entry = list.enter(tags.sequence, 'an extension');
    const oid = decodeOid(entry.content(tags.oid, "an extension's name"));
    const isCritical = entry.isNext(tags.boolean) && entry.boolean("an extension's criticality");
    const value = entry.content(tags.octetString, "an extension's value");
    entry.finish("an extension's value");
    if (extensions.has(oid)) {
      throw new DerError(`extension ${oid} occurs twice`);
    }
    extensions.set(oid, { isCritical, value });
  }
  return extensions;
}

function readBasicConstraints(value: Buffer | null): { isCa: boolean; pathLength: number | null } {
  if (value === null) {
    return { isCa: false, pathLength: null };
  }
  const fields = enterSequence(value, 'basicConstraints');
  const isCa = fields.isNext(tags.boolean) && fields.boolean('cA');
  const hasPathLength = fields.isNext(tags.integer);
  const pathLength = hasPathLength ? (fields.unsignedInteger('pathLenConstraint', 1)[0] as number) : null;
  fields.finish('basicConstraints');
  return { isCa, pathLength };
}

function readKeyUsage(value: Buffer | null): ReadonlySet<KeyUsage> | null {
  if (value === null) {
    return null;
  }
  const input = new DerReader(value);
  const usages = new Set<KeyUsage>();
  for (const bit of input.flags('keyUsage')) {
    const name = keyUsageNames[bit];
    if (name === undefined) {
      throw new DerError(`keyUsage has bit ${bit}, which has no meaning`);
    }
    usages.add(name);
  }
  input.finish('keyUsage');
  return usages;
}

function readExtendedKeyUsage(value: Buffer | null): readonly string[] | null {
  if (value === null) {
    return null;
  }
  const purposes = enterSequence(value, 'extKeyUsage');
  const found: string[] = [];
  while (!purposes.isAtEnd) {
    found.push(decodeOid(purposes.content(tags.oid, 'a purpose')));
  }
  return found;
}

/** GeneralName, RFC 5280, section 4.2.1.6: choices 0, 3, 4 and 5 are constructed, the others strings. */
const generalNames: ReadonlySet<number> = new Set([0xa0, 0x81, 0x82, 0xa3, 0xa4, 0xa5, 0x86, 0x87, 0x88]);
const uriName = contextTag(6, 'primitive');

function readUriSans(value: Buffer | null): readonly string[] {
  if (value === null) {
    return [];
  }
  const names = enterSequence(value, 'subjectAltName');
  const uris: string[] = [];
  while (!names.isAtEnd) {
    const tag = names.nextTag('a name');
    if (!generalNames.has(tag)) {
      throw new DerError(`subjectAltName has a name of unknown kind 0x${tag.toString(16)}`);
    }
    const content = names.content(tag, 'a name');
    if (tag === uriName) {
      uris.push(content.toString('latin1'));
    }
  }
  return uris;
}

function enterSequence(value: Buffer, what: string): DerReader {
  const input = new DerReader(value);
  const content = input.enter(tags.sequence, what);
  input.finish(what);
  return content;
}

const understood: ReadonlySet<string> = new Set([
  oids.basicConstraints,
  oids.keyUsage,
  oids.extendedKeyUsage,
  oids.subjectAltName,
]);

function unknownCritical(extensions: ReadonlyMap<string, Extension>): readonly string[] {
  return [...extensions].filter(([oid, { isCritical }]) => isCritical && !understood.has(oid)).map(([oid]) => oid);
}
