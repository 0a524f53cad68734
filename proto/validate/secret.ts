import type { Secret__Output } from '../generated/envoy/extensions/transport_sockets/tls/v3/Secret.ts';
import type { Violation } from '../violation.ts';
import { root, Violations } from '../violation.ts';
import { requireName } from './field-checks.ts';
import { checkValidationContext } from './transport-socket.ts';

/**
 * Only roots travel. A sidecar's key never leaves it, so a certificate with a key is one that somebody else knows the key
 * of, and is refused.
 */
export function validateSecret(secret: Secret__Output): Violation[] {
  const violations = new Violations();
  requireName(secret.name, root.field('name'), violations);
  if (secret.validation_context) {
    checkValidationContext(secret.validation_context, root.field('validation_context'), violations);
  } else if (secret.tls_certificate) {
    violations.add(root.field('tls_certificate'), 'is refused: the sidecar makes its own key and gives it to nobody');
  } else {
    violations.add(root, 'needs validation_context');
  }
  return violations.list();
}
