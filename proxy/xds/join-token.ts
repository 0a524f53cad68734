/** What a sidecar reads in its join token before it has spoken to anyone. */
export interface JoinToken {
  /** The token itself, to be shown to the control plane. */
  readonly text: string;
  /** `host:port` of the control plane; IPv6 in brackets. */
  readonly address: string;
  /** SHA-256 of the root certificate that the control plane's chain must end in, hexadecimal. */
  readonly rootFingerprintHex: string;
  readonly trustDomain: string;
  readonly expiresAtMs: number;
}

/** The text is no join token, or one for another kind of mesh. The message never repeats the token. */
export class InvalidJoinTokenError extends Error {
  override readonly name = 'InvalidJoinTokenError';
}

/** The control plane makes tokens of less than 1 KiB; a long list of allowed labels may double that. */
const maxTokenLength = 8 * 1024;
const addressPattern = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/@[\]]+):([1-9]\d{0,4})$/;

/**
 * Reads address and pinned root out of a token, a JWS in compact form (RFC 7515).
 *
 * The signature is not looked at: the sidecar has no key to check it with. Nor does it need one. Whoever can change
 * the token can send the sidecar to a mesh of his own, but a token comes from the user as the command line does; the
 * control plane, which grants things on account of it, verifies it.
 */
export function readJoinToken(text: string): JoinToken {
  const token = text.trim();
  if (token.length > maxTokenLength) {
    throw new InvalidJoinTokenError(`a join token of ${token.length} characters; at most ${maxTokenLength} are read`);
  }
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+$/.test(part))) {
    throw new InvalidJoinTokenError('not a join token: it has three parts of base64url with dots between');
  }
  const { iss, addr, root, exp } = claimsOf(parts[1] ?? '');
  if (typeof iss !== 'string' || !/^[a-z0-9._-]{1,255}$/.test(iss)) throw faulty('iss', 'a trust domain');
  const port = typeof addr === 'string' ? addressPattern.exec(addr)?.[1] : undefined;
  if (typeof addr !== 'string' || Number(port ?? Number.NaN) > 65_535 || port === undefined) {
    throw faulty('addr', 'host:port');
  }
  if (typeof root !== 'string' || !/^[0-9a-fA-F]{64}$/.test(root)) throw faulty('root', 'a SHA-256 in hexadecimal');
  if (typeof exp !== 'number' || !Number.isFinite(exp)) throw faulty('exp', 'a time in seconds');
  return {
    text: token,
    address: addr,
    rootFingerprintHex: root.toLowerCase(),
    trustDomain: iss,
    expiresAtMs: exp * 1_000,
  };
}

function claimsOf(part: string): Record<string, unknown> {
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    // The parser's message would quote the token.
    throw new InvalidJoinTokenError('not a join token: its second part is not JSON');
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new InvalidJoinTokenError('not a join token: its claims are not an object');
  }
  return claims as Record<string, unknown>;
}

function faulty(claim: string, what: string): InvalidJoinTokenError {
  return new InvalidJoinTokenError(`not a join token: the claim ${claim} is not ${what}`);
}
