import { InvalidCertificateError, readCertificate } from './certificate.ts';
import type { ExtraExtension } from './certificate-writer.ts';
import { DerError } from './der-error.ts';
import { DerReader, tags } from './der-reader.ts';
import { oids } from './object-identifier.ts';
import { InvalidSpiffeIdError, parseSpiffeId, workloadOf } from './spiffe-id.ts';

/** What the holder of a leaf may register, as the join token said it. */
export interface JoinGrant {
  readonly namespace: string;
  readonly service: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The holder may register any service of its namespace, not only `service`. Absent means no. */
  readonly anyService?: boolean;
}

/** The grant is too large, malformed, or contradicts the identity beside it. */
export class InvalidGrantError extends Error {
  override readonly name = 'InvalidGrantError';
}

/** It travels in every handshake, so it stays small; labels of a service take a few hundred bytes. */
export const maxGrantBytes = 2048;

/**
 * The extension that keeps a grant in the leaf: a UTF8String with JSON, not critical, under an identifier of our
 * own. With it the control plane knows from the certificate alone what its holder may register, also when it
 * renews, and needs to look up nothing. Throws {@link InvalidGrantError} above 2 KiB.
 */
export function encodeGrant(grant: JoinGrant): ExtraExtension {
  const { namespace, service, serviceAccount, labels, anyService } = checked(grant);
  const text = JSON.stringify({ namespace, service, serviceAccount, labels, anyService });
  if (Buffer.byteLength(text) > maxGrantBytes) {
    throw new InvalidGrantError(`a grant of ${Buffer.byteLength(text)} bytes; it has at most ${maxGrantBytes}`);
  }
  return { oid: oids.joinGrant, value: derUtf8String(text) };
}

/**
 * The grant in a leaf, or null when it has none. The grant is worth what the certificate is worth: verify the
 * chain and the SVID first. Throws {@link InvalidGrantError} and nothing else, also when the grant is for another
 * namespace or service account than the certificate's own id.
 */
export function readGrant(der: Uint8Array): JoinGrant | null {
  try {
    const certificate = readCertificate(der);
    const value = certificate.extension(oids.joinGrant);
    if (value === null) {
      return null;
    }
    if (value.length > maxGrantBytes + 4) {
      throw new InvalidGrantError(`a grant of ${value.length} bytes; it has at most ${maxGrantBytes}`);
    }
    const input = new DerReader(value);
    const grant = checked(JSON.parse(input.utf8String('the grant')));
    input.finish('the grant');
    const workload = workloadOf(parseSpiffeId(certificate.uriSans[0] ?? ''));
    if (workload?.namespace !== grant.namespace || workload.serviceAccount !== grant.serviceAccount) {
      throw new InvalidGrantError('the grant is for another identity than the certificate');
    }
    return grant;
  } catch (cause) {
    if (
      cause instanceof InvalidCertificateError ||
      cause instanceof InvalidSpiffeIdError ||
      cause instanceof DerError ||
      cause instanceof SyntaxError
    ) {
      throw new InvalidGrantError(`no readable grant: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

/**
 * Written out here instead of with `der-writer.ts`, since every sidecar reads grants, and with that file it would load
 * node-forge, about 10 MB. The text is at most 2 KiB, so two bytes of length are enough (X.690, section 8.1.3).
 */
function derUtf8String(text: string): Buffer {
  const content = Buffer.from(text, 'utf8');
  const { length } = content;
  const lengthBytes = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tags.utf8String, ...lengthBytes]), content]);
}

function checked(value: unknown): JoinGrant {
  if (typeof value !== 'object' || value === null) {
    throw new InvalidGrantError('a grant is an object');
  }
  const { namespace, service, serviceAccount, labels, anyService } = value as Record<string, unknown>;
  if (!isName(namespace) || !isName(service) || !isName(serviceAccount)) {
    throw new InvalidGrantError('a grant names namespace, service and serviceAccount');
  }
  if (
    typeof labels !== 'object' ||
    labels === null ||
    Array.isArray(labels) ||
    !Object.values(labels).every((label) => typeof label === 'string')
  ) {
    throw new InvalidGrantError('the labels of a grant are texts');
  }
  if (anyService !== undefined && typeof anyService !== 'boolean') {
    throw new InvalidGrantError('anyService is true or false');
  }
  return {
    namespace,
    service,
    serviceAccount,
    labels: Object.freeze({ ...(labels as Record<string, string>) }),
    ...(anyService === undefined ? {} : { anyService }),
  };
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
