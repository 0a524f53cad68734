import type { Input } from '../../../proto/load.ts';
import { ROOT_SECRET } from '../../../proto/names.ts';

/** The roots that peers' certificates must lead to. Holds no private key, so every client may have it. */
export function rootSecret(trustBundlePem: string): Input<'envoy.extensions.transport_sockets.tls.v3.Secret'> {
  return { name: ROOT_SECRET, validation_context: { trusted_ca: { inline_string: trustBundlePem } } };
}
