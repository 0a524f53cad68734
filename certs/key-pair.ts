import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';

/** A P-256 key and its public half. P-256 is the one kind of key in the mesh: every TLS stack signs with it fast. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** The key is unreadable, encrypted, or not on P-256. */
export class InvalidKeyError extends Error {
  override readonly name = 'InvalidKeyError';
}

/**
 * What precedes the point in the SubjectPublicKeyInfo of every P-256 key: algorithm ecPublicKey, curve by name,
 * and the mark of an uncompressed point (RFC 5480, section 2).
 */
const p256Prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const p256SpkiBytes = 91;

/** A new key; about 0.1 ms, so it is done at once. */
export function generateKeyPair(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** PKCS#8, unencrypted: the file it goes to must be readable by its owner alone. */
export function privateKeyToPem(privateKey: KeyObject): string {
  return privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
}

/** Throws {@link InvalidKeyError}; its message never repeats the key. */
export function privateKeyFromPem(pem: string): KeyPair {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: pem, format: 'pem' });
  } catch (cause) {
    throw new InvalidKeyError('not an unencrypted private key in PEM', { cause });
  }
  const publicKey = createPublicKey(privateKey);
  spkiOf(publicKey);
  return { privateKey, publicKey };
}

/** The DER SubjectPublicKeyInfo of a P-256 key. Throws {@link InvalidKeyError} for any other kind of key. */
export function spkiOf(publicKey: KeyObject): Buffer {
  const spki = publicKey.type === 'public' ? publicKey.export({ format: 'der', type: 'spki' }) : Buffer.alloc(0);
  if (!isP256Spki(spki)) {
    throw new InvalidKeyError('not a public key on P-256');
  }
  return spki;
}

/**
 * The key in a DER SubjectPublicKeyInfo that a stranger sent. Only the canonical 91 bytes of a P-256 key are
 * taken (curve by name, point uncompressed), and the point must lie on the curve.
 */
export function publicKeyFromSpki(spki: Buffer): KeyObject {
  if (!isP256Spki(spki)) {
    throw new InvalidKeyError('not a public key on P-256');
  }
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new InvalidKeyError('the public key is not a point on P-256', { cause });
  }
}

function isP256Spki(spki: Buffer): boolean {
  return spki.length === p256SpkiBytes && spki.subarray(0, p256Prefix.length).equals(p256Prefix);
}
