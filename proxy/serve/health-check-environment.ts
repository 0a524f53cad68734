import { systemClock } from '../clock.ts';
import type { ClusterCheckEnvironment } from '../cluster/cluster-health-checks.ts';
import type { Log } from '../log.ts';
import { ConnectionBudget } from '../probe/connection-budget.ts';
import { ProbeTarget } from '../probe/probe-target.ts';
import { proberFor } from '../probe/prober-for.ts';
import { CheckGate } from '../resilience/health-check/check-gate.ts';
import type { IdentityHolder } from '../tls/mesh-identity.ts';
import type { SessionCache } from '../tls/session-cache.ts';

/** Health checks of this process: made as this sidecar, as requests are, and as many at once as the gate lets in. */
export function healthCheckEnvironment(
  identity: IdentityHolder,
  sessions: SessionCache,
  log: Log,
): ClusterCheckEnvironment {
  const budget = new ConnectionBudget();
  return {
    gate: new CheckGate(),
    random: Math.random,
    after: systemClock.after,
    proberFor: ({ meshTls }, { address, port, isMeshed }, settings) => {
      // without TLS for it nothing may be said to a meshed endpoint, and so no check of it can be passed
      const nobody = { sni: '', alpnProtocols: [], expectedIdentities: [] };
      const mesh = isMeshed ? (meshTls ?? nobody) : null;
      return proberFor(settings, new ProbeTarget({ address, port, mesh }, identity, sessions), budget);
    },
    onHealthChange: (cluster, endpoint, outcome) => {
      if (outcome.kind === 'success') log('info', 'an endpoint passes its health checks', { cluster, endpoint });
      else log('warn', 'an endpoint fails its health checks', { cluster, endpoint, reason: outcome.reason });
    },
  };
}
