/** A name whose addresses are a cluster's endpoints, as admin pages show it. */
export interface NameStatus {
  readonly host: string;
  readonly addresses: readonly string[];
  /** Of the latest look-up; empty when that went well. */
  readonly lastFailure: string;
  readonly lookUps: number;
  readonly failures: number;
}

/** What a cluster knows of the names behind its endpoints. */
export interface ClusterNames {
  /** Settled with the first answers; null from then on. Requests that come before wait for it. */
  readonly pending: Promise<void> | null;
  /** Why a name has no addresses; empty while all have. */
  readonly lastFailure: string;
  readonly statuses: readonly NameStatus[];
}
