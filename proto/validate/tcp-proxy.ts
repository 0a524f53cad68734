import type { TcpProxy__Output } from '../generated/envoy/extensions/filters/network/tcp_proxy/v3/TcpProxy.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration, checkUInt32, requireName } from './field-checks.ts';

export function checkTcpProxy(proxy: TcpProxy__Output, at: Path, violations: Violations): void {
  requireName(proxy.stat_prefix, at.field('stat_prefix'), violations);
  if (proxy.weighted_clusters) {
    const { clusters } = proxy.weighted_clusters;
    const clustersAt = at.field('weighted_clusters').field('clusters');
    let total = 0;
    for (const [index, cluster] of clusters.entries()) {
      requireName(cluster.name, clustersAt.index(index).field('name'), violations);
      if (cluster.weight === 0) {
        violations.add(clustersAt.index(index).field('weight'), 'must be at least 1, and is 0');
      }
      total += cluster.weight;
    }
    if (clusters.length === 0) {
      violations.add(clustersAt, 'is required');
    } else if (total > 2 ** 32 - 1) {
      violations.add(clustersAt, `has weights of ${total} together, more than 2^32 - 1`);
    }
  } else if (proxy.cluster_specifier === undefined) {
    violations.add(at, 'needs cluster or weighted_clusters');
  } else {
    requireName(proxy.cluster ?? '', at.field('cluster'), violations);
  }
  // Each attempt is a connection: a client that connects once must not cause many.
  checkUInt32(proxy.max_connect_attempts, at.field('max_connect_attempts'), violations, { min: 1, max: 16 });
  checkDuration(proxy.idle_timeout, at.field('idle_timeout'), violations);
  if (proxy.hash_policy.length > 1) {
    violations.add(at.field('hash_policy'), `must be at most 1, and is ${proxy.hash_policy.length}`);
  }
  for (const [index, policy] of proxy.hash_policy.entries()) {
    if (!policy.source_ip) violations.add(at.field('hash_policy').index(index), 'needs source_ip');
  }
}
