import { pack } from '../../../proto/any.ts';
import { TCP_PROXY_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';

export interface WeightedTarget {
  readonly cluster: string;
  /** At least 1. */
  readonly weight: number;
}

export interface TcpProxySettings {
  /** Endpoints that are tried for one connection of a client. Default 1. */
  readonly attempts?: number;
  /** Connections of one source go to one endpoint, where the cluster balances by hash. Default false. */
  readonly isBySource?: boolean;
}

export function tcpProxy(
  statPrefix: string,
  targets: readonly [WeightedTarget, ...WeightedTarget[]],
  { attempts = 1, isBySource = false }: TcpProxySettings = {},
): Input<'envoy.config.listener.v3.Filter'> {
  const [first, ...others] = targets;
  return {
    name: TCP_PROXY_FILTER,
    typed_config: pack('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      stat_prefix: statPrefix,
      ...(others.length === 0
        ? { cluster: first.cluster }
        : { weighted_clusters: { clusters: targets.map(({ cluster, weight }) => ({ name: cluster, weight })) } }),
      ...(attempts > 1 && { max_connect_attempts: { value: attempts } }),
      ...(isBySource && { hash_policy: [{ source_ip: {} }] }),
    }),
  };
}
