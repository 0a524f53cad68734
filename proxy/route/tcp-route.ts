/** Where the connections of a filter chain go: `envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`. */
export interface TcpRoute<D> {
  /** For access logs: `stat_prefix`. */
  readonly name: string;
  /** The destination of the next connection: always the same one, or a smooth weighted split. */
  readonly pick: () => D;
  /** Closed when no byte moved for so long, in milliseconds; infinity for never. Default one hour (`idle_timeout`). */
  readonly idleTimeoutMs: number;
  /** Endpoints that are tried until one accepts. Default 1 (`max_connect_attempts`). */
  readonly maxConnectAttempts: number;
  /** A destination that balances by hash does so by whose connection it is (`hash_policy` with `source_ip`). */
  readonly isBySource: boolean;
}
