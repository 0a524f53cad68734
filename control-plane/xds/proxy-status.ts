/** What one connected proxy holds of one resource type. */
export interface TypeStatus {
  /** Names asked for, or, for a wildcard, resources that exist for this proxy. */
  readonly subscribed: number;
  /** Resources in the latest version sent. */
  readonly sent: number;
  /** Of those, acknowledged in the version sent. */
  readonly acknowledged: number;
  /** Of those, reported as deciding requests now. A stock client reports none; for it, acknowledged counts. */
  readonly inForce: number;
  readonly rejected: number;
}

/** A resource that a proxy, or our own validation before sending, refused. The last good version stays. */
export interface RejectedResource {
  readonly typeUrl: string;
  /** Empty when the proxy refused a whole response without naming a resource. */
  readonly name: string;
  readonly version: string;
  readonly reason: string;
  readonly atMs: number;
}

/** One connected proxy, as `GET /heddle/v1/proxies` and `heddle proxies` show it. */
export interface ProxyStatus {
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  /** Empty when the workload has no `version` label. */
  readonly version: string;
  /** SPIFFE id of its certificate. */
  readonly identity: string;
  /** Peer address of its connection. */
  readonly address: string;
  readonly connectedAtMs: number;
  /** Empty for a stock client. */
  readonly heddleVersion: string;
  /** Key: the type's short name, `LDS`, `RDS`, `CDS`, `EDS` or `SDS`. */
  readonly resources: Readonly<Record<string, TypeStatus>>;
  /** At most 32, newest first. */
  readonly rejected: readonly RejectedResource[];
  /** Whether all it subscribed to is in force in the newest version. */
  readonly synced: boolean;
  /** When something was last sent; 0 when nothing was. */
  readonly lastPushMs: number;
  /** From the latest change that concerned this proxy to its being in force; `null` while that is under way. */
  readonly convergenceMs: number | null;
}

/** How far one store revision has come. */
export interface Convergence {
  readonly revision: number;
  /** Whether the snapshot that proxies get is of this revision or a later one. */
  readonly translated: boolean;
  /** Proxies for which the revision changed a resource they hold. */
  readonly affected: number;
  readonly inForce: number;
  /** `namespace/name` of those not there yet. */
  readonly pending: readonly string[];
  readonly rejected: readonly { readonly proxy: string; readonly reason: string }[];
  /** From the change to the last proxy in force, so far. */
  readonly slowestMs: number;
}

/** What the REST API reads. */
export interface ProxyStatusSource {
  list(): readonly ProxyStatus[];

  /**
   * Waits until every affected proxy has the revision in force or has rejected it, at most `timeoutMs`, and answers with
   * what is known then. Never rejects; ends early with what is known when `signal` aborts.
   */
  convergence(revision: number, timeoutMs: number, signal: AbortSignal): Promise<Convergence>;
}
