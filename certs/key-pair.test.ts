import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  generateKeyPair,
  InvalidKeyError,
  privateKeyFromPem,
  privateKeyToPem,
  publicKeyFromSpki,
  spkiOf,
} from './key-pair.ts';

const pair = generateKeyPair();

describe('privateKeyFromPem', () => {
  it('reads what privateKeyToPem wrote, as PKCS#8', () => {
    const pem = privateKeyToPem(pair.privateKey);
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(spkiOf(privateKeyFromPem(pem).publicKey)).toEqual(spkiOf(pair.publicKey));
  });

  it('refuses other kinds of keys', () => {
    for (const { privateKey } of [
      generateKeyPairSync('ed25519'),
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ]) {
      const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
      expect(() => privateKeyFromPem(pem)).toThrow(InvalidKeyError);
    }
  });

  it('refuses an encrypted key without asking anybody for a passphrase', () => {
    const options = { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' } as const;
    expect(() => privateKeyFromPem(pair.privateKey.export(options) as string)).toThrow(InvalidKeyError);
  });

  it('never repeats a damaged key in its message', () => {
    const damaged = privateKeyToPem(pair.privateKey).replace(/[A-Z]{2}/, '!!');
    try {
      privateKeyFromPem(damaged);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).message).toBe('not an unencrypted private key in PEM');
    }
  });
});

describe('publicKeyFromSpki', () => {
  it('takes the 91 bytes that spkiOf gives', () => {
    expect(publicKeyFromSpki(spkiOf(pair.publicKey)).equals(pair.publicKey)).toBe(true);
    expect(spkiOf(pair.publicKey)).toHaveLength(91);
  });

  it('refuses a point that is not on the curve', () => {
    const offCurve = Buffer.from(spkiOf(pair.publicKey));
    offCurve.writeUInt8((offCurve.readUInt8(90) ^ 1) & 0xff, 90);
    expect(() => publicKeyFromSpki(offCurve)).toThrow(InvalidKeyError);
  });

  it('refuses a point in any but the usual form, so that one key has one spelling', () => {
    const hybrid = Buffer.from(spkiOf(pair.publicKey));
    hybrid.writeUInt8(0x06 | (hybrid.readUInt8(90) & 1), 26);
    expect(createPublicKey({ key: hybrid, format: 'der', type: 'spki' }).equals(pair.publicKey)).toBe(true);
    expect(() => publicKeyFromSpki(hybrid)).toThrow(InvalidKeyError);
  });

  it('refuses other curves and kinds', () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'der', type: 'spki' });
    expect(() => publicKeyFromSpki(p384)).toThrow(InvalidKeyError);
    expect(() => publicKeyFromSpki(Buffer.alloc(91))).toThrow(InvalidKeyError);
    expect(() => spkiOf(pair.privateKey)).toThrow(InvalidKeyError);
  });
});
