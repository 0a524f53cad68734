import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { Authority, IssuedLeaf } from '../../certs/authority.ts';
import { authorityFromPem, authorityToPem, createIssuer, createRoot, issueLeaf } from '../../certs/authority.ts';
import type { Certificate } from '../../certs/certificate.ts';
import type { JoinGrant } from '../../certs/grant.ts';
import { encodeGrant } from '../../certs/grant.ts';
import { generateKeyPair, privateKeyFromPem, privateKeyToPem } from '../../certs/key-pair.ts';
import type { SpiffeId } from '../../certs/spiffe-id.ts';
import { TrustBundle } from '../../certs/trust-bundle.ts';
import { makePrivateDirectory, readFileIfThere, writePrivateFile } from './private-file.ts';

/** What is in the state directory cannot be used; one line, with the path. */
export class AuthorityStateError extends Error {
  override readonly name = 'AuthorityStateError';
}

export interface CertificateAuthorityOptions {
  /** Kept at 0700; keys in it at 0600. */
  readonly directory: string;
  readonly trustDomain: string;
  readonly now?: () => number;
  /** Told when a new issuing authority could not be written. It is in use; the next process makes another. */
  readonly onError?: (error: Error) => void;
}

/** What a leaf is issued for. The identity was decided by who the caller is. */
export interface LeafOrder {
  readonly publicKey: KeyObject;
  readonly id: SpiffeId;
  readonly grant: JoinGrant | null;
}

/**
 * The mesh's own authority on this host: a root for ten years, an issuing authority below it for one, and the key that
 * signs join tokens, made at the first start.
 *
 *     root.pem    issuer.pem    key, then certificate chain     0600
 *     tokens.pem                key                             0600
 *
 * A key and its certificate are one file, so that no crash can leave them mixed up.
 */
export class CertificateAuthority {
  readonly trustBundle: TrustBundle;
  /** Signs join tokens; ES256. */
  readonly tokenKey: KeyObject;
  readonly #root: Authority;
  readonly #issuerPath: string;
  readonly #now: () => number;
  readonly #onError: (error: Error) => void;
  #issuer: Authority;
  #issuedCount = 0;

  private constructor(root: Authority, issuer: Authority, tokenKey: KeyObject, options: CertificateAuthorityOptions) {
    this.#root = root;
    this.#issuer = issuer;
    this.tokenKey = tokenKey;
    this.trustBundle = TrustBundle.fromDer(options.trustDomain, [root.certificate.der]);
    this.#issuerPath = join(options.directory, 'issuer.pem');
    this.#now = options.now ?? Date.now;
    this.#onError = options.onError ?? (() => {});
  }

  /** @throws AuthorityStateError: unreadable or damaged files, another trust domain, an expired root */
  static async load(options: CertificateAuthorityOptions): Promise<CertificateAuthority> {
    const { directory, trustDomain, now = Date.now } = options;
    await makePrivateDirectory(directory);
    const rootPath = join(directory, 'root.pem');
    const issuerPath = join(directory, 'issuer.pem');
    const root = await loadAuthority(rootPath, () => createRoot({ trustDomain, nowMs: now() }));
    if (root.trustDomain !== trustDomain) {
      throw new AuthorityStateError(
        `${rootPath} is the root of trust domain ${root.trustDomain}, not of ${trustDomain}`,
      );
    }
    if (root.certificate.notAfterMs <= now()) {
      throw new AuthorityStateError(`${rootPath} expired at ${new Date(root.certificate.notAfterMs).toISOString()}`);
    }
    let issuer = await loadAuthority(issuerPath, () => createIssuer(root, { nowMs: now() }));
    if (!issuer.parents.at(-1)?.der.equals(root.certificate.der)) {
      throw new AuthorityStateError(`${issuerPath} was not issued by ${rootPath}`);
    }
    if (isPastHalfLife(issuer, now())) {
      issuer = createIssuer(root, { nowMs: now() });
      await saveAuthority(issuerPath, issuer);
    }
    const tokenKey = await loadKey(join(directory, 'tokens.pem'));
    return new CertificateAuthority(root, issuer, tokenKey, options);
  }

  get trustDomain(): string {
    return this.#root.trustDomain;
  }

  /** SHA-256 of the root, hexadecimal: what join tokens carry so that a sidecar knows us. */
  get rootFingerprintHex(): string {
    return this.trustBundle.roots[0]?.fingerprintHex ?? ''; // a bundle has at least one root
  }

  /** Leaves issued by this process. */
  get issuedCount(): number {
    return this.#issuedCount;
  }

  /** When root and issuing authority end, in milliseconds since the epoch. */
  expirations(): { readonly rootMs: number; readonly issuerMs: number } {
    return { rootMs: this.#root.certificate.notAfterMs, issuerMs: this.#issuer.certificate.notAfterMs };
  }

  /** The certificates that leaves are under. They are public. */
  certificates(): { readonly root: Certificate; readonly issuer: Certificate } {
    return { root: this.#root.certificate, issuer: this.#issuer.certificate };
  }

  /** A leaf for 24 h. @throws AuthorityError, InvalidKeyError, InvalidGrantError */
  issue({ publicKey, id, grant }: LeafOrder, options: { readonly includeRoot?: boolean } = {}): IssuedLeaf {
    const nowMs = this.#now();
    this.#renewIssuerIfDue(nowMs);
    const extensions = grant === null ? [] : [encodeGrant(grant)];
    const leaf = issueLeaf({ issuer: this.#issuer, publicKey, id, nowMs, extensions, ...options });
    this.#issuedCount += 1;
    return leaf;
  }

  /** Leaves of the old one go on to be valid: their chains carry it. */
  #renewIssuerIfDue(nowMs: number): void {
    if (isPastHalfLife(this.#issuer, nowMs)) {
      this.#issuer = createIssuer(this.#root, { nowMs });
      saveAuthority(this.#issuerPath, this.#issuer).catch(this.#onError);
    }
  }
}

function isPastHalfLife({ certificate }: Authority, nowMs: number): boolean {
  return nowMs > (certificate.notBeforeMs + certificate.notAfterMs) / 2;
}

async function loadAuthority(path: string, create: () => Authority): Promise<Authority> {
  const pem = await readState(path);
  if (pem === null) {
    const authority = create();
    await saveAuthority(path, authority);
    return authority;
  }
  return readable(path, () => authorityFromPem({ certificatePem: pem, privateKeyPem: keyBlock(pem) }));
}

async function saveAuthority(path: string, authority: Authority): Promise<void> {
  const { privateKeyPem, certificatePem } = authorityToPem(authority);
  await writePrivateFile(path, privateKeyPem + certificatePem);
}

async function loadKey(path: string): Promise<KeyObject> {
  const pem = await readState(path);
  if (pem !== null) {
    return readable(path, () => privateKeyFromPem(pem)).privateKey;
  }
  const { privateKey } = generateKeyPair();
  await writePrivateFile(path, privateKeyToPem(privateKey));
  return privateKey;
}

/** The file's first block; after it come certificates, which a key reader need not understand. */
function keyBlock(pem: string): string {
  const end = '-----END PRIVATE KEY-----';
  return pem.slice(0, pem.indexOf(end) + end.length);
}

async function readState(path: string): Promise<string | null> {
  try {
    return await readFileIfThere(path);
  } catch (cause) {
    throw new AuthorityStateError(`${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Never makes a new key over a damaged one: that would silently be another mesh. */
function readable<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw new AuthorityStateError(`${path} is damaged: ${messageOf(cause)}`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
