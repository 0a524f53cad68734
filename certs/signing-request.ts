import type { KeyObject } from 'node:crypto';
import { verify } from 'node:crypto';
import { extension, signed, uriNames } from './certificate-writer.ts';
import { DerError } from './der-error.ts';
import { contextTag, DerReader, tags } from './der-reader.ts';
import * as der from './der-writer.ts';
import type { KeyPair } from './key-pair.ts';
import { InvalidKeyError, publicKeyFromSpki, spkiOf } from './key-pair.ts';
import { decodeOid, oids } from './object-identifier.ts';
import type { SpiffeId } from './spiffe-id.ts';

/** A request for a P-256 key with the longest SPIFFE id has less than 3 KiB. */
export const maxSigningRequestBytes = 8 * 1024;

/** A public key whose owner has shown that it holds the private half. */
export interface SigningRequest {
  readonly publicKey: KeyObject;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Buffer;
}

/** The request is malformed, too large, for another kind of key, or not signed by the key it names. */
export class InvalidSigningRequestError extends Error {
  override readonly name = 'InvalidSigningRequestError';
}

/**
 * A PKCS#10 request (RFC 2986) in DER: the key and a signature by it, so that the private key never travels.
 * The URI is for people who look at the request; our authority decides the identity and ignores it.
 */
export function createSigningRequest({ privateKey, publicKey, uri }: KeyPair & { readonly uri?: SpiffeId }): Buffer {
  const info = der.encodeDer(
    der.sequence(
      der.integer(Buffer.from([0])),
      der.sequence(),
      der.encoded(spkiOf(publicKey)),
      der.tagged(0, ...(uri === undefined ? [] : [extensionRequest(uri)])),
    ),
  );
  return signed(info, privateKey);
}

/**
 * Reads a request from a caller who may be anybody, and verifies the signature that proves possession of the key.
 *
 * What the request says about names and extensions is not even returned: the authority takes the identity from
 * the authenticated caller. Throws {@link InvalidSigningRequestError} and nothing else.
 */
export function readSigningRequest(request: Uint8Array): SigningRequest {
  if (request.length > maxSigningRequestBytes) {
    throw new InvalidSigningRequestError(
      `a signing request of ${request.length} bytes; at most ${maxSigningRequestBytes} are read`,
    );
  }
  try {
    const { info, spki, signature } = parse(request);
    const publicKey = publicKeyFromSpki(spki);
    if (!verify('sha256', info, { key: publicKey, dsaEncoding: 'der' }, signature)) {
      throw new InvalidSigningRequestError('the request is not signed by the key that it names');
    }
    return { publicKey, spki };
  } catch (cause) {
    if (cause instanceof DerError || cause instanceof InvalidKeyError) {
      throw new InvalidSigningRequestError(`not a signing request: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

function parse(request: Uint8Array): { info: Buffer; spki: Buffer; signature: Buffer } {
  const input = new DerReader(request);
  const outer = input.enter(tags.sequence, 'the request');
  input.finish('the request');
  const info = outer.element(tags.sequence, 'the signed part');
  const algorithm = outer.enter(tags.sequence, 'the signature algorithm');
  if (decodeOid(algorithm.content(tags.oid, 'the signature algorithm')) !== oids.ecdsaWithSha256) {
    throw new DerError('the signature algorithm is not ecdsa-with-SHA256');
  }
  algorithm.finish('the signature algorithm');
  const signature = outer.wholeBits('the signature');
  outer.finish('the signature');

  const fields = new DerReader(info).enter(tags.sequence, 'the signed part');
  if (fields.unsignedInteger('the version', 1)[0] !== 0) {
    throw new DerError('the version is not 1');
  }
  fields.element(tags.sequence, 'the subject');
  const spki = Buffer.from(fields.element(tags.sequence, 'the public key'));
  fields.element(contextTag(0, 'constructed'), 'the attributes');
  fields.finish('the attributes');
  return { info, spki, signature };
}

function extensionRequest(uri: SpiffeId): der.DerNode {
  const names = extension(oids.subjectAltName, true, der.encodeDer(uriNames([uri])));
  return der.sequence(der.oid(oids.extensionRequest), der.set(der.sequence(names)));
}
