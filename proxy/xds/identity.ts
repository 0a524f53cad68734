import { readCertificate } from '../../certs/certificate.ts';
import { readGrant } from '../../certs/grant.ts';
import type { KeyPair } from '../../certs/key-pair.ts';
import { privateKeyFromPem, privateKeyToPem, spkiOf } from '../../certs/key-pair.ts';
import { fromPem, toPem } from '../../certs/pem.ts';
import { validateSvid } from '../../certs/svid.ts';
import { rootFingerprint, TrustBundle, verifyPinnedChain } from '../../certs/trust-bundle.ts';
import type { MeshIdentity } from '../tls/mesh-identity.ts';
import type { JoinToken } from './join-token.ts';

/** Who a sidecar is, and how it came to be that. Never changes; replaced whole. */
export interface Identity extends MeshIdentity {
  /** What the control plane has granted: the service that this sidecar may register. */
  readonly namespace: string;
  readonly service: string;
  readonly notBeforeMs: number;
  /** `host:port`. */
  readonly controlPlaneAddress: string;
}

/** What an identity is made of, as it comes from the control plane. */
export interface IdentityParts {
  readonly keyPair: KeyPair;
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  /** DER. */
  readonly roots: readonly Uint8Array[];
  readonly trustDomain: string;
  readonly controlPlaneAddress: string;
}

/** What was received, or stored, is not an identity that this sidecar could use. */
export class InvalidIdentityError extends Error {
  override readonly name = 'InvalidIdentityError';
}

const format = 1;
/** Longest stored identity: sixteen roots, a chain and a key stay far below. */
export const maxIdentityBytes = 256 * 1024;

/**
 * Puts an identity together and checks that its parts belong together: the leaf is a SPIFFE SVID of this trust domain
 * for our key, its chain ends in one of the roots, and it says which service it is for.
 *
 * An expired leaf passes, since who we are is still known from it; whether it may be used is `expiresAtMs`. Throws
 * {@link InvalidIdentityError}.
 */
export function makeIdentity(parts: IdentityParts, nowMs: number): Identity {
  const { chain, keyPair, trustDomain } = parts;
  try {
    const bundle = TrustBundle.fromDer(trustDomain, parts.roots);
    const [leafDer] = chain;
    if (leafDer === undefined) throw new InvalidIdentityError('the certificate chain is empty');
    const leaf = readCertificate(leafDer);
    // Everything else is judged as of a moment at which the leaf was valid.
    const atMs = Math.min(Math.max(nowMs, leaf.notBeforeMs), leaf.notAfterMs);
    const svid = validateSvid(leafDer, { trustDomains: trustDomain, nowMs: atMs });
    if (!svid.ok) throw new InvalidIdentityError(`the leaf is refused: ${svid.reason}`);
    if (!spkiOf(keyPair.publicKey).equals(leaf.spki)) throw new InvalidIdentityError('the leaf is for another key');
    const reason = unrootedReason(chain, bundle, atMs);
    if (reason !== null) throw new InvalidIdentityError(`the leaf has no root in the trust bundle: ${reason}`);
    const grant = readGrant(leafDer);
    if (grant === null) throw new InvalidIdentityError('the leaf does not say which service it is for');
    return {
      id: svid.id,
      trustDomain,
      namespace: grant.namespace,
      service: grant.service,
      certificateChainPem: chain.map((der) => toPem('CERTIFICATE', der)).join(''),
      privateKeyPem: privateKeyToPem(keyPair.privateKey),
      trustBundlePem: bundle.pem,
      notBeforeMs: leaf.notBeforeMs,
      expiresAtMs: leaf.notAfterMs,
      controlPlaneAddress: parts.controlPlaneAddress,
    };
  } catch (cause) {
    if (cause instanceof InvalidIdentityError) throw cause;
    throw new InvalidIdentityError((cause as Error).message, { cause });
  }
}

/** For a file that only its owner can read: the private key is in it. */
export function encodeIdentity({
  trustDomain,
  controlPlaneAddress,
  privateKeyPem,
  certificateChainPem,
  trustBundlePem,
}: Identity): string {
  const stored = { format, trustDomain, controlPlaneAddress, privateKeyPem, certificateChainPem, trustBundlePem };
  return `${JSON.stringify(stored, null, 2)}\n`;
}

/** Throws {@link InvalidIdentityError}, with a message that quotes nothing of the content. */
export function decodeIdentity(content: Buffer, nowMs: number): Identity {
  let stored: Record<string, unknown> | null;
  try {
    stored = JSON.parse(content.toString('utf8')) as Record<string, unknown> | null;
  } catch {
    throw new InvalidIdentityError('it is not JSON');
  }
  if (stored?.format !== format) throw new InvalidIdentityError(`it is not of format ${format}`);
  const { trustDomain, controlPlaneAddress, privateKeyPem, certificateChainPem, trustBundlePem } = stored;
  const fields = [trustDomain, controlPlaneAddress, privateKeyPem, certificateChainPem, trustBundlePem];
  if (!fields.every((field) => typeof field === 'string')) throw new InvalidIdentityError('a field is missing');
  try {
    const parts = {
      keyPair: privateKeyFromPem(privateKeyPem as string),
      chain: fromPem('CERTIFICATE', certificateChainPem as string),
      roots: fromPem('CERTIFICATE', trustBundlePem as string),
      trustDomain: trustDomain as string,
      controlPlaneAddress: controlPlaneAddress as string,
    };
    return makeIdentity(parts, nowMs);
  } catch (cause) {
    if (cause instanceof InvalidIdentityError) throw cause;
    throw new InvalidIdentityError((cause as Error).message, { cause });
  }
}

/** The same identity with other roots, as the control plane distributes them while a root is being replaced. */
export function withBundle(identity: Identity, trustBundlePem: string, nowMs: number): Identity {
  const bundle = TrustBundle.fromPem(identity.trustDomain, trustBundlePem);
  const atMs = Math.min(nowMs, identity.expiresAtMs);
  const reason = unrootedReason(fromPem('CERTIFICATE', identity.certificateChainPem), bundle, atMs);
  if (reason !== null) throw new InvalidIdentityError(`our own leaf has no root in the new trust bundle: ${reason}`);
  return { ...identity, trustBundlePem: bundle.pem };
}

/** What keeps an identity from being the one that this sidecar was started for; null when nothing does. */
export function differenceFrom(
  identity: Identity,
  namespace: string,
  service: string,
  token: JoinToken | null,
): string | null {
  if (identity.service !== service || identity.namespace !== namespace) {
    return `it is for ${identity.namespace}/${identity.service}, this sidecar is for ${namespace}/${service}`;
  }
  if (token !== null && identity.trustDomain !== token.trustDomain) {
    return `it is of trust domain ${identity.trustDomain}, the token of ${token.trustDomain}`;
  }
  if (token !== null && !hasRoot(identity, token.rootFingerprintHex)) {
    return 'it was issued under another root than the one that the token pins';
  }
  return null;
}

/** A control plane that has lost its state has a new root, and with it neither believes the other any more. */
function hasRoot({ trustBundlePem }: Identity, fingerprintHex: string): boolean {
  return fromPem('CERTIFICATE', trustBundlePem).some((der) => rootFingerprint(der) === fingerprintHex);
}

function unrootedReason(chain: readonly Uint8Array[], bundle: TrustBundle, atMs: number): string | null {
  let reason = '';
  for (const { der, fingerprintHex } of bundle.roots) {
    const result = verifyPinnedChain([...chain, der], fingerprintHex, atMs);
    if (result.ok) return null;
    reason = result.reason;
  }
  return reason;
}
