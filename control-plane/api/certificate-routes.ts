import { Hono } from 'hono';

/** One certificate that the control plane answers for. */
export interface CertificateInfo {
  readonly role: 'root' | 'issuer' | 'control-plane' | 'workload';
  /** SPIFFE id: the trust domain's own for authorities. */
  readonly identity: string;
  readonly fingerprintSha256: string;
  /** RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
}

/** `GET /heddle/v1/certificates`. Certificates are public; keys are never part of an answer. */
export function certificateRoutes(certificates: () => readonly CertificateInfo[]): Hono {
  return new Hono().get('/heddle/v1/certificates', (context) => context.json({ items: certificates() }));
}
