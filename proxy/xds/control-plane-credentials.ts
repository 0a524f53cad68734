import { createSecureContext } from 'node:tls';
import type { ChannelCredentials, ChannelOptions } from '@grpc/grpc-js';
import { expectIdentity, validateSvid } from '../../certs/svid.ts';
import { tlsCiphers } from '../../certs/tls-ciphers.ts';
import { controlPlaneSpiffeId } from '../../proto/names.ts';

/** Whom a connection to the control plane trusts, and as whom it is made. */
export interface ControlPlaneTrust {
  readonly trustDomain: string;
  /** PEM; nothing else is trusted, least of all the machine's own authorities. */
  readonly trustBundlePem: string;
  /** Null before joining. */
  readonly client: { readonly certificateChainPem: string; readonly privateKeyPem: string } | null;
}

/** Bytes of one response that are taken; the same bound as the control plane's for what it sends. */
export const maxReceivedBytes = 4 * 1024 * 1024;

/**
 * grpc-js credentials that accept one server: TLS 1.3, a chain that ends in the bundle, and a SPIFFE SVID that says
 * `heddle-control-plane` of this trust domain. The host name plays no part in it.
 */
export async function controlPlaneCredentials(
  trust: ControlPlaneTrust,
  now: () => number,
): Promise<ChannelCredentials> {
  const { credentials } = await import('@grpc/grpc-js');
  const context = createSecureContext({
    ca: trust.trustBundlePem,
    minVersion: 'TLSv1.3',
    ciphers: tlsCiphers,
    ...(trust.client === null ? {} : { cert: trust.client.certificateChainPem, key: trust.client.privateKeyPem }),
  });
  return credentials.createFromSecureContext(context, {
    checkServerIdentity: (_host, { raw }) => {
      const svid = validateSvid(raw, { trustDomains: trust.trustDomain, nowMs: now() });
      const identity = svid.ok ? expectIdentity(svid.id, [controlPlaneSpiffeId(trust.trustDomain)]) : svid;
      return identity.ok ? undefined : new Error(`the server is not the control plane: ${identity.reason}`);
    },
  });
}

/** Channel options for every connection to the control plane. Times in milliseconds. */
export const controlPlaneChannelOptions: ChannelOptions = {
  'grpc.max_receive_message_length': maxReceivedBytes,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  // Streams are repeated by whoever owns them, with the state that belongs to it; grpc-js would only repeat the bytes.
  'grpc.enable_retries': 0,
  // The name is never compared, see above; but an IP address, which grpc-js would send, is no server name (RFC 6066).
  'grpc.ssl_target_name_override': 'heddle-control-plane',
  // The application's proxy is often this very sidecar.
  'grpc.enable_http_proxy': 0,
  // One channel is one connection here: renewal and reconnecting decide when there is another.
  'grpc.use_local_subchannel_pool': 1,
};
