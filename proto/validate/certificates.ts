import { X509Certificate } from 'node:crypto';
import type { DataSource__Output } from '../generated/envoy/config/core/v3/DataSource.ts';
import type { Path, Violations } from '../violation.ts';

/** More roots than any rotation has at once; each is parsed. */
const MAX_CERTIFICATES = 100;

/** The text of a DataSource, bytes read as UTF-8; '' when there is none. */
export function textOf(source: DataSource__Output | null): string {
  return source?.inline_bytes?.toString('utf8') ?? source?.inline_string ?? '';
}

/** PEM with at least one certificate, each of which can be parsed. Whether it is valid now is asked at each handshake. */
export function requireCertificates(source: DataSource__Output | null, at: Path, violations: Violations): void {
  const blocks = textOf(source).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    violations.add(at, 'needs a certificate in PEM');
  } else if (blocks.length > MAX_CERTIFICATES) {
    violations.add(at, `has ${blocks.length} certificates, more than ${MAX_CERTIFICATES}`);
  } else {
    for (const [index, pem] of blocks.entries()) {
      if (!isCertificate(pem)) {
        violations.add(at, `has a certificate that cannot be parsed, number ${index + 1}`);
      }
    }
  }
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    // What OpenSSL says of it ("wrong tag") would help nobody; that and where it failed is in the violation.
    return false;
  }
}
