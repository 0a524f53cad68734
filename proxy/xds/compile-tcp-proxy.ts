import { timerMs } from '../../proto/duration.ts';
import type { TcpProxy__Output } from '../../proto/generated/envoy/extensions/filters/network/tcp_proxy/v3/TcpProxy.ts';
import type { ConnectionRateConfig } from './compile-connection-rate.ts';

/** A filter chain whose bytes are only carried. */
export interface TcpFilterConfig {
  readonly kind: 'tcp';
  readonly name: string;
  /** One or more; the weights are relative to each other. */
  readonly clusters: readonly { readonly name: string; readonly weight: number }[];
  /** Infinity for never. */
  readonly idleTimeoutMs: number;
  readonly maxConnectAttempts: number;
  readonly isBySource: boolean;
  readonly rates: readonly ConnectionRateConfig[];
}

/** Envoy's default of `idle_timeout`. */
const IDLE_TIMEOUT_MS = 3_600_000;

/** What a validated TcpProxy means. */
export function compileTcpProxy(proxy: TcpProxy__Output, rates: readonly ConnectionRateConfig[]): TcpFilterConfig {
  const weighted = proxy.weighted_clusters?.clusters ?? [];
  return {
    kind: 'tcp',
    name: proxy.stat_prefix,
    clusters: weighted.length > 0 ? weighted : [{ name: proxy.cluster ?? '', weight: 1 }],
    idleTimeoutMs:
      proxy.idle_timeout === null ? IDLE_TIMEOUT_MS : timerMs(proxy.idle_timeout) || Number.POSITIVE_INFINITY,
    maxConnectAttempts: proxy.max_connect_attempts?.value ?? 1,
    isBySource: proxy.hash_policy.length > 0,
    rates,
  };
}
