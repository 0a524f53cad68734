import { X509Certificate } from 'node:crypto';
import type { AdminResponse } from './admin-server.ts';
import { json } from './admin-server.ts';

/** What the sidecar identifies itself with and whom it trusts; public parts only. */
export interface CertificateStatus {
  /** PEM, leaf first; empty before joining. */
  readonly chainPem: string;
  /** PEM of the trust domain's roots; empty before joining. */
  readonly bundlePem: string;
}

const dayMs = 86_400_000;

/** `GET /certs`. Source: `envoy.admin.v3.Certificates`. */
export function certsPage({ chainPem, bundlePem }: CertificateStatus, nowMs: number): AdminResponse {
  if (chainPem === '') return json({ certificates: [] });
  const details = (pem: string) => certificatesIn(pem).map((certificate) => certificateJson(certificate, nowMs));
  return json({ certificates: [{ ca_cert: details(bundlePem), cert_chain: details(chainPem) }] });
}

function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (block) => new X509Certificate(block),
  );
}

function certificateJson(certificate: X509Certificate, nowMs: number): unknown {
  const validTo = new Date(certificate.validTo);
  return {
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: (certificate.subjectAltName ?? '')
      .split(', ')
      .filter((name) => name.startsWith('URI:'))
      .map((name) => ({ uri: name.slice('URI:'.length) })),
    days_until_expiration: String(Math.max(0, Math.floor((validTo.getTime() - nowMs) / dayMs))),
    valid_from: new Date(certificate.validFrom).toISOString(),
    expiration_time: validTo.toISOString(),
  };
}
