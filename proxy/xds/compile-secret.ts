import type { Secret__Output } from '../../proto/generated/envoy/extensions/transport_sockets/tls/v3/Secret.ts';
import { textOf } from '../../proto/validate/certificates.ts';

/** PEM of the roots in a validated Secret. */
export function compileRoots(secret: Secret__Output): string {
  return textOf(secret.validation_context?.trusted_ca ?? null);
}
