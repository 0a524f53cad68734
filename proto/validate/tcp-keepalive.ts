import type { UpstreamConnectionOptions__Output } from '../generated/envoy/config/cluster/v3/UpstreamConnectionOptions.ts';
import { MAX_TCP_KEEPALIVE_S, TCP_KEEPALIVE_INTERVAL_S, TCP_KEEPALIVE_PROBES } from '../tcp-keepalive.ts';
import type { Path, Violations } from '../violation.ts';

/** envoy.config.core.v3.TcpKeepalive: what Node cannot set must be what it sets. */
export function checkTcpKeepalive(
  options: UpstreamConnectionOptions__Output | null,
  at: Path,
  violations: Violations,
): void {
  const keepalive = options?.tcp_keepalive ?? null;
  if (keepalive === null) return;
  const keepaliveAt = at.field('tcp_keepalive');
  const seconds = keepalive.keepalive_time?.value ?? 0;
  if (seconds < 1 || seconds > MAX_TCP_KEEPALIVE_S) {
    violations.add(keepaliveAt.field('keepalive_time'), `must be between 1 and ${MAX_TCP_KEEPALIVE_S}`);
  }
  if (keepalive.keepalive_probes?.value !== TCP_KEEPALIVE_PROBES) {
    violations.add(keepaliveAt.field('keepalive_probes'), `must be ${TCP_KEEPALIVE_PROBES}, which the sidecar sets`);
  }
  if (keepalive.keepalive_interval?.value !== TCP_KEEPALIVE_INTERVAL_S) {
    violations.add(
      keepaliveAt.field('keepalive_interval'),
      `must be ${TCP_KEEPALIVE_INTERVAL_S}, which the sidecar sets`,
    );
  }
}
