/** Whose sidecar asks, as the sidecar in front of this server has proven it. */
export interface Asker {
  /** SPIFFE id; empty where no sidecar stands in front. */
  readonly id: string;
  /** Empty where nobody knows. */
  readonly namespace: string;
}

/**
 * Reads the last element of `x-forwarded-client-cert`, which a sidecar puts in place of whatever its caller said. It is
 * missing, as it is for those who ask without a sidecar between, on loopback.
 *
 * Source: Envoy `x-forwarded-client-cert`, SANITIZE_SET; `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.
 */
export function askerOf(clientCert: string): Asker {
  const id = /(?:^|[;,])URI=(spiffe:\/\/[^;,]{1,2048})$/.exec(clientCert)?.[1] ?? '';
  return { id, namespace: /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/[^/]+$/.exec(id)?.[1] ?? '' };
}

/** The namespace of a service by its host and port, `cart.default.svc.cluster.local:80`; empty for what is none. */
export function namespaceOfService(address: string): string {
  return /^[^.]+\.([^.]+)\.svc\./.exec(address)?.[1] ?? '';
}
