import type { KeyObject } from 'node:crypto';
import { createPublicKey, randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { errors, jwtVerify, SignJWT } from 'jose';
import { CONTROL_PLANE_NAMESPACE, isDnsLabel } from '../../proto/names.ts';

/** In `namespace`, `service` and a label's value: any. As a label's name: any label. */
export const any = '*';

/** Who may join with a token. */
export interface TokenScope {
  /** {@link any} only in the token of the control plane's own host. */
  readonly namespace: string;
  /** {@link any} only in the token of the control plane's own host. */
  readonly service: string;
  /** Default: as the service. */
  readonly serviceAccount?: string;
  /** Labels beside `app` that may be registered, each with its one value. Default none. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a verified token says. */
export interface VerifiedToken extends Required<TokenScope> {
  readonly tokenId: string;
  readonly expiresAtMs: number;
}

/** A token that lets nobody in; the message says why and holds nothing of the token but its claims. */
export class TokenRefusedError extends Error {
  override readonly name = 'TokenRefusedError';
}

export interface JoinTokensOptions {
  readonly key: KeyObject;
  readonly trustDomain: string;
  readonly rootFingerprintHex: string;
  /** `host:port` that sidecars reach 15012 at. Asked at each minting: it is known once the port is open. */
  readonly address: () => string;
  readonly now?: () => number;
}

export const defaultTokenTtlMs = 60 * 60_000;
export const maxTokenTtlMs = 366 * 24 * 60 * 60_000;

/** Clocks of one host differ from another's; DESIGN's bound for all tokens. */
const clockToleranceSeconds = 60;

/** Labels and names of a few hundred bytes, base64: far below what one gRPC message may hold. */
const maxTokenLength = 8 * 1024;

const audience = 'heddle-join';

/**
 * Join tokens: JWS, ES256, `{iss: trust domain, aud: 'heddle-join', ns, svc, sa, labels, addr, root, iat, exp, jti}`.
 *
 * `addr` and `root` are for the sidecar, which reads them before it can verify anything: where to go, and the SHA-256 of
 * the root it must find there. The rest is for us. A token may be used until it expires, by each instance of a service.
 */
export class JoinTokens {
  readonly #options: JoinTokensOptions;
  readonly #publicKey: KeyObject;
  readonly #now: () => number;

  constructor(options: JoinTokensOptions) {
    this.#options = options;
    this.#publicKey = createPublicKey(options.key);
    this.#now = options.now ?? Date.now;
  }

  /** @throws RangeError: a name that cannot be one, the control plane's own namespace, a lifetime out of bounds */
  async mint(scope: TokenScope, ttlMs: number = defaultTokenTtlMs): Promise<string> {
    const { namespace, service, serviceAccount = service, labels = {} } = scope;
    for (const [what, name] of Object.entries({ namespace, service, serviceAccount })) {
      if (name !== any && !isDnsLabel(name)) {
        throw new RangeError(`${what} ${JSON.stringify(name.slice(0, 80))} is not a DNS label`);
      }
    }
    if (namespace === CONTROL_PLANE_NAMESPACE) {
      throw new RangeError(`namespace ${namespace} is the control plane's own`);
    }
    if (!(ttlMs >= 1000 && ttlMs <= maxTokenTtlMs)) {
      throw new RangeError(`a token lives between 1 second and ${maxTokenTtlMs / 86_400_000} days`);
    }
    const { key, trustDomain, rootFingerprintHex, address } = this.#options;
    const nowMs = this.#now();
    const claims = { ns: namespace, svc: service, sa: serviceAccount, labels };
    const token = await new SignJWT({ ...claims, addr: address(), root: rootFingerprintHex })
      .setProtectedHeader({ alg: 'ES256', typ: 'heddle-join+jwt' })
      .setIssuer(trustDomain)
      .setAudience(audience)
      .setIssuedAt(Math.floor(nowMs / 1000))
      .setExpirationTime(Math.floor((nowMs + ttlMs) / 1000))
      .setJti(randomUUID())
      .sign(key);
    if (token.length > maxTokenLength) {
      throw new RangeError(`a token of ${token.length} characters, at most ${maxTokenLength}: it has too many labels`);
    }
    return token;
  }

  /** @throws TokenRefusedError: malformed, other algorithm, other key, other trust domain, expired */
  async verify(token: string): Promise<VerifiedToken> {
    if (token.length > maxTokenLength) {
      throw new TokenRefusedError(`the token has ${token.length} characters, at most ${maxTokenLength}`);
    }
    let payload: JWTPayload;
    try {
      const verified = await jwtVerify(token, this.#publicKey, {
        algorithms: ['ES256'],
        issuer: this.#options.trustDomain,
        audience,
        typ: 'heddle-join+jwt',
        requiredClaims: ['exp', 'jti'],
        clockTolerance: clockToleranceSeconds,
        currentDate: new Date(this.#now()),
      });
      payload = verified.payload;
    } catch (cause) {
      throw new TokenRefusedError(refusal(cause), { cause });
    }
    return claimsOf(payload);
  }
}

function refusal(error: unknown): string {
  if (error instanceof errors.JWTExpired) {
    return `the token expired at ${new Date(Number(error.payload.exp) * 1000).toISOString()}`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'the token was signed by another key: another control plane made it, or this one before its keys were made';
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return 'the token is not signed with ES256';
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss') {
    return `the token is for trust domain ${JSON.stringify(error.payload.iss).slice(0, 300)}`;
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `the token is no join token: claim ${error.claim} ${error.reason}`;
  }
  return 'the token is malformed';
}

/** Our own key signed it, so a wrong shape is a mistake of ours; it is refused all the same. */
function claimsOf({ ns, svc, sa, labels, jti, exp }: JWTPayload): VerifiedToken {
  const areNames = [ns, svc, sa].every((name) => name === any || (typeof name === 'string' && isDnsLabel(name)));
  if (!areNames || !isTexts(labels)) {
    throw new TokenRefusedError('the token names no namespace, service, account and labels');
  }
  return {
    namespace: String(ns),
    service: String(svc),
    serviceAccount: String(sa),
    labels,
    tokenId: String(jti),
    expiresAtMs: Number(exp) * 1000,
  };
}

function isTexts(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}
