import { generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signed } from './certificate-writer.ts';
import { DerReader, tags } from './der-reader.ts';
import * as der from './der-writer.ts';
import { generateKeyPair, privateKeyToPem, spkiOf } from './key-pair.ts';
import { oids } from './object-identifier.ts';
import { toPem } from './pem.ts';
import {
  createSigningRequest,
  InvalidSigningRequestError,
  maxSigningRequestBytes,
  readSigningRequest,
} from './signing-request.ts';
import { parseSpiffeId } from './spiffe-id.ts';
import { hasOpenssl, openssl } from './testing/openssl.ts';

const pair = generateKeyPair();
const uri = parseSpiffeId('spiffe://shop.local/ns/default/sa/cart');
const request = createSigningRequest({ ...pair, uri });

/** A request with any content, signed by our key as if all were well. */
function requestWith(spki: Buffer, version = 0, ...after: der.DerNode[]): Buffer {
  const content = der.sequence(
    ...[der.integer(Buffer.from([version])), der.sequence(), der.encoded(spki), der.tagged(0), ...after],
  );
  return signed(der.encodeDer(content), pair.privateKey);
}

type Three<T> = [T, T, T];

/** Content, algorithm and signature. */
function* partsOf(bytes: Buffer): Generator<Buffer> {
  const outer = new DerReader(bytes).enter(tags.sequence, 'the request');
  while (!outer.isAtEnd) {
    yield outer.element(outer.nextTag('a part'), 'a part');
  }
}

describe('readSigningRequest', () => {
  it('gives back the key of a request that its holder signed', () => {
    const { publicKey, spki } = readSigningRequest(request);
    expect(publicKey.equals(pair.publicKey)).toBe(true);
    expect(spki).toEqual(spkiOf(pair.publicKey));
  });

  it('takes a request that asks for nothing', () => {
    expect(readSigningRequest(createSigningRequest(pair)).spki).toEqual(spkiOf(pair.publicKey));
  });

  it('returns nothing of what the request says about names', () => {
    expect(Object.keys(readSigningRequest(request)).sort()).toEqual(['publicKey', 'spki']);
  });

  it('refuses a request for the key of somebody else', () => {
    const stolen = requestWith(spkiOf(generateKeyPair().publicKey));
    expect(() => readSigningRequest(stolen)).toThrow(/not signed by the key/);
  });

  it('refuses a request with any one byte changed', () => {
    for (let at = 0; at < request.length; at++) {
      const changed = Buffer.from(request);
      changed.writeUInt8(changed.readUInt8(at) ^ 0x55, at);
      expect(() => readSigningRequest(changed), `byte ${at}`).toThrow(InvalidSigningRequestError);
    }
  });

  it('refuses a request that is cut off anywhere', () => {
    for (let length = 0; length < request.length; length++) {
      expect(() => readSigningRequest(request.subarray(0, length))).toThrow(InvalidSigningRequestError);
    }
  });

  it('refuses any bytes with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => readSigningRequest(bytes)).toThrow(InvalidSigningRequestError);
      }),
    );
  });

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' });
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'der', type: 'spki' });
  const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' });

  it.each([
    ['more than 8 KiB', Buffer.concat([request, Buffer.alloc(maxSigningRequestBytes)]), /at most 8192 are read/],
    ['bytes after the end', Buffer.concat([request, Buffer.from([0])]), /followed by 1 more/],
    ['an RSA key', requestWith(rsa), /not a public key on P-256/],
    ['a P-384 key', requestWith(p384), /not a public key on P-256/],
    ['an Ed25519 key', requestWith(ed25519), /not a public key on P-256/],
    ['another version', requestWith(spkiOf(pair.publicKey), 1), /version/],
    ['something after the attributes', requestWith(spkiOf(pair.publicKey), 0, der.sequence()), /attributes/],
  ])('refuses a request with %s', (_, bytes, reason) => {
    expect(() => readSigningRequest(bytes)).toThrow(InvalidSigningRequestError);
    expect(() => readSigningRequest(bytes)).toThrow(reason);
  });

  it('refuses parameters of the algorithm and anything after the signature', () => {
    const [content, algorithm, signature] = [...partsOf(request)].map((part) =>
      der.encoded(part),
    ) as Three<der.DerNode>;
    const nothing = der.encoded(Buffer.from('0500', 'hex'));
    const ecdsaWithNull = der.sequence(der.oid(oids.ecdsaWithSha256), nothing);
    const rebuilt = (...parts: der.DerNode[]) => der.encodeDer(der.sequence(...parts));
    expect(readSigningRequest(rebuilt(content, algorithm, signature)).spki).toEqual(spkiOf(pair.publicKey));
    expect(() => readSigningRequest(rebuilt(content, ecdsaWithNull, signature))).toThrow(/algorithm is followed by/);
    expect(() => readSigningRequest(rebuilt(content, algorithm, signature, nothing))).toThrow(
      /signature is followed by/,
    );
  });

  it('refuses a request signed with another algorithm', () => {
    const content = der.sequence(
      ...[der.integer(Buffer.from([0])), der.sequence(), der.encoded(spkiOf(pair.publicKey)), der.tagged(0)],
    );
    const signature = sign('sha1', der.encodeDer(content), pair.privateKey);
    const ecdsaWithSha1 = der.sequence(der.oid('1.2.840.10045.4.1'));
    const weak = der.encodeDer(der.sequence(content, ecdsaWithSha1, der.bitString(signature)));
    expect(() => readSigningRequest(weak)).toThrow(/not ecdsa-with-SHA256/);
  });

  it.skipIf(!hasOpenssl)('reads the request that openssl writes', () => {
    const { text } = openssl(
      { 'key.pem': privateKeyToPem(pair.privateKey) },
      ...['req', '-new', '-key', 'key.pem', '-subj', '/CN=cart', '-addext', `subjectAltName=URI:${uri}`],
    );
    const body = text.slice(text.indexOf('-----BEGIN')).replace(/-----.*-----|\s/g, '');
    expect(readSigningRequest(Buffer.from(body, 'base64')).spki).toEqual(spkiOf(pair.publicKey));
  });
});

describe('createSigningRequest', () => {
  it.skipIf(!hasOpenssl)('writes what openssl verifies', () => {
    const { status, text } = openssl(
      { 'request.pem': toPem('CERTIFICATE REQUEST', request) },
      ...['req', '-verify', '-noout', '-text', '-in', 'request.pem'],
    );
    expect(status).toBe(0);
    expect(text).toContain('self-signature verify OK');
    expect(text).toContain(`URI:${uri}`);
  });
});
