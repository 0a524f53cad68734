import type { HeddleBuild } from '../heddle-build.ts';
import type { TlsUpstream } from '../tls-upstream.ts';

/** One capability turned on, in documents, as a proxy of its own in the results. */
export interface Feature {
  readonly name: string;
  /** YAML behind what the scenario needs anyway. */
  documents(surroundings: Surroundings): string;
  /** How many of the upstream's addresses the service has; two if left out. */
  readonly endpoints?: number;
  /** Where they are, in turn; the caller is in the first of them. */
  readonly zones?: readonly string[];
  /** A host outside the mesh, called in place of the service at the same port. */
  readonly host?: string;
  /** Further options of the caller's sidecar. */
  readonly sidecarOptions?: readonly string[];
  /** Whether the upstream's addresses take TLS at a port, too. */
  readonly asksTls?: boolean;
  /** Whether a server of rate limits runs beside the control plane. */
  readonly asksRateLimitServer?: boolean;
}

export interface Surroundings {
  /** Port of the service that takes the load. */
  readonly service: number;
  /** Port of the server of rate limits; nobody listens there where none was asked for. */
  readonly rateLimit: number;
  /** Null where it was not asked for. */
  readonly tls: TlsUpstream | null;
}

/** The service that takes the load, and has the feature. */
export const service = 'web';

/** The service of the sidecar that takes the load, and so its identity. */
export const caller = 'client';

/** `build` with the feature's name, so that it stands beside the one without. */
export function named(build: HeddleBuild, feature: Feature): HeddleBuild {
  return { ...build, name: feature.name };
}

/** A section of the service's BackendTrafficPolicy, in YAML's flow style. */
export function policy(name: string, section: string): Feature {
  return { name, documents: () => policyDocument(section) };
}

export function policyDocument(section: string): string {
  return `---
apiVersion: heddle.dev/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: ${service} }
spec:
  targetRefs: [{ group: '', kind: Service, name: ${service} }]
  ${section}
`;
}
