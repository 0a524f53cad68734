import type { HeddleBuild } from '../heddle-build.ts';

/** One capability turned on, in documents, as a proxy of its own in the results. */
export interface Feature {
  readonly name: string;
  /** YAML behind what the scenario needs anyway. */
  documents(ports: FeaturePorts): string;
  /** How many of the upstream's addresses the service has; two if left out. */
  readonly endpoints?: number;
  /** Whether a server of rate limits runs beside the control plane. */
  readonly asksRateLimitServer?: boolean;
}

export interface FeaturePorts {
  /** Of the service that takes the load. */
  readonly service: number;
  /** Of the server of rate limits; 0 where none was asked for. */
  readonly rateLimit: number;
}

/** The service that takes the load, and has the feature. */
export const service = 'web';

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
