import type { DocumentOf, KindName } from '../../model/kinds.ts';
import type { RegisteredWorkload, RememberedService } from '../../registry/registered-workload.ts';

/** All documents of each kind, in any order. */
export type Documents = { readonly [Kind in KindName]: readonly DocumentOf<Kind>[] };

/** Everything that translation depends on: two equal views give equal bytes. Frozen by those who make it. */
export interface MeshView {
  /** Revision of the store that the documents are of. */
  readonly revision: number;
  readonly documents: Documents;
  /** What is running and has a lease. */
  readonly workloads: readonly RegisteredWorkload[];
  /** What ran until lately: its services keep their names, versions and ports, and have no endpoints. */
  readonly remembered: readonly RememberedService[];
  /** First part of every SPIFFE id, e.g. `cluster.local`. */
  readonly trustDomain: string;
  /** PEM of the roots that peers' certificates must lead to. */
  readonly trustBundlePem: string;
  /** For clients who have to be told when something ends: a sidecar of ours looks at its own clock. */
  readonly nowMs: number;
}
