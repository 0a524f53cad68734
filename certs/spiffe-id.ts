declare const isSpiffeId: unique symbol;

/**
 * The name of a workload, `spiffe://<trust domain>/<path>`, that has passed {@link parseSpiffeId}. Two ids are
 * the same workload exactly when they are the same string; there is nothing to normalise.
 */
export type SpiffeId = string & { readonly [isSpiffeId]: true };

/** The parts of our own ids: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`. */
export interface WorkloadName {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The text breaks a rule of the SPIFFE ID specification; `rule` says which. */
export class InvalidSpiffeIdError extends Error {
  override readonly name = 'InvalidSpiffeIdError';
  readonly rule: string;

  constructor(text: string, rule: string) {
    // Only the start, and escaped: the text may be a stranger's and this message goes to a log.
    super(`${JSON.stringify(text.slice(0, 200))} is not a SPIFFE id: ${rule}`);
    this.rule = rule;
  }
}

const scheme = 'spiffe://';
/** SPIFFE-ID, section 2.3: implementations must take ids of 2048 bytes and must not make longer ones. */
const maxIdBytes = 2048;
/** SPIFFE-ID, section 2.1: as long as a host name may be. */
const maxTrustDomainBytes = 255;
const trustDomainPattern = /^[a-z0-9._-]+$/;
const pathSegmentPattern = /^[a-zA-Z0-9._-]+$/;
const workloadPattern = /^\/ns\/([^/]+)\/sa\/([^/]+)$/;

/**
 * Takes a text as the SPIFFE id of a workload, or throws {@link InvalidSpiffeIdError}, which names the rule.
 *
 * The rules are strict on purpose: no percent-encoding, no port, user, query or fragment, no empty, `.` or `..`
 * segment, no trailing slash, lower case in scheme and trust domain. So every workload has exactly one spelling.
 * An id without a path names a trust domain and never a workload; it is refused here (see {@link trustDomainUri}).
 *
 * Source: SPIFFE-ID specification, section 2.
 */
export function parseSpiffeId(text: string): SpiffeId {
  const rule = brokenRule(text);
  if (rule !== null) {
    throw new InvalidSpiffeIdError(text, rule);
  }
  return text as SpiffeId; // the one place where the brand is given
}

/** The id of a service account in a namespace. */
export function spiffeId({ trustDomain, namespace, serviceAccount }: WorkloadName): SpiffeId {
  const id = parseSpiffeId(`${trustDomainUri(trustDomain)}/ns/${namespace}/sa/${serviceAccount}`);
  if (workloadOf(id) === null) {
    throw new InvalidSpiffeIdError(id, 'namespace and service account must each be one path segment');
  }
  return id;
}

/** The namespace and service account of an id of our own form, or null for any other path. */
export function workloadOf(id: SpiffeId): WorkloadName | null {
  const trustDomain = trustDomainOf(id);
  const [, namespace, serviceAccount] = workloadPattern.exec(id.slice(scheme.length + trustDomain.length)) ?? [];
  return namespace === undefined || serviceAccount === undefined ? null : { trustDomain, namespace, serviceAccount };
}

export function trustDomainOf(id: SpiffeId): string {
  return id.slice(scheme.length, id.indexOf('/', scheme.length));
}

/** The name that a trust domain's own authorities carry: an id without a path, with which nobody may authenticate. */
export function trustDomainUri(trustDomain: string): string {
  const rule = brokenTrustDomainRule(trustDomain);
  if (rule !== null) {
    throw new InvalidSpiffeIdError(scheme + trustDomain, rule);
  }
  return scheme + trustDomain;
}

/** The trust domain in {@link trustDomainUri}'s form. Throws {@link InvalidSpiffeIdError}. */
export function parseTrustDomainUri(text: string): string {
  const trustDomain = text.slice(scheme.length);
  if (text !== trustDomainUri(trustDomain)) {
    throw new InvalidSpiffeIdError(text, 'the scheme must be spiffe, in lower case');
  }
  return trustDomain;
}

function brokenRule(text: string): string | null {
  // Whatever is not ASCII fails a pattern below, so that from there on characters are bytes.
  if (text.length > maxIdBytes) {
    return `longer than ${maxIdBytes} bytes`;
  }
  if (!text.startsWith(scheme)) {
    return 'the scheme must be spiffe, in lower case';
  }
  const pathStart = text.indexOf('/', scheme.length);
  const trustDomain = pathStart === -1 ? text.slice(scheme.length) : text.slice(scheme.length, pathStart);
  return brokenTrustDomainRule(trustDomain) ?? brokenPathRule(pathStart === -1 ? '' : text.slice(pathStart));
}

function brokenTrustDomainRule(trustDomain: string): string | null {
  if (trustDomain === '') {
    return 'the trust domain is missing';
  }
  if (trustDomain.length > maxTrustDomainBytes) {
    return `the trust domain is longer than ${maxTrustDomainBytes} bytes`;
  }
  return trustDomainPattern.test(trustDomain)
    ? null
    : 'the trust domain may have lower-case letters, digits, dots, dashes and underscores only';
}

function brokenPathRule(path: string): string | null {
  if (path === '') {
    return 'the path is missing, so it names a trust domain and no workload';
  }
  for (const segment of path.slice(1).split('/')) {
    if (segment === '') {
      return 'the path has an empty segment or a trailing slash';
    }
    if (segment === '.' || segment === '..') {
      return 'the path has a dot segment';
    }
    if (!pathSegmentPattern.test(segment)) {
      return 'the path may have letters, digits, dots, dashes and underscores only';
    }
  }
  return null;
}
