import { timerMs } from '../../proto/duration.ts';
import type { Cluster__Output } from '../../proto/generated/envoy/config/cluster/v3/Cluster.ts';
import type { DnsFamily, DnsSettings } from '../cluster/cluster-config.ts';

/** Envoy's default of `dns_refresh_rate`. */
const DEFAULT_REFRESH_MS = 5_000;

const families: Readonly<Record<Cluster__Output['dns_lookup_family'], DnsFamily>> = {
  AUTO: 'v6-preferred',
  V4_ONLY: 'v4',
  V6_ONLY: 'v6',
  V4_PREFERRED: 'v4-preferred',
  ALL: 'all',
};

/** How the names of a STRICT_DNS cluster are looked up; failures by default as often as successes, and ten times that at most. */
export function compileDns(cluster: Cluster__Output): DnsSettings {
  const refreshMs = cluster.dns_refresh_rate === null ? DEFAULT_REFRESH_MS : timerMs(cluster.dns_refresh_rate);
  const { base_interval: base = null, max_interval: max = null } = cluster.dns_failure_refresh_rate ?? {};
  const failureBaseMs = base === null ? refreshMs : timerMs(base);
  return {
    refreshMs,
    respectsTtl: cluster.respect_dns_ttl,
    failureBaseMs,
    failureMaxMs: max === null ? failureBaseMs * 10 : Math.max(failureBaseMs, timerMs(max)),
    family: families[cluster.dns_lookup_family],
  };
}
