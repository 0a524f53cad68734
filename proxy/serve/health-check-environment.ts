import { systemClock } from '../clock.ts';
import type { ClusterCheckEnvironment } from '../cluster/cluster-health-checks.ts';
import { ConnectionBudget } from '../probe/connection-budget.ts';
import { ProbeTarget } from '../probe/probe-target.ts';
import { proberFor } from '../probe/prober-for.ts';
import { CheckGate } from '../resilience/health-check/check-gate.ts';
import type { IdentityHolder } from '../tls/mesh-identity.ts';
import type { SessionCache } from '../tls/session-cache.ts';
import type { OriginEnvironment } from '../upstream/dial-origin.ts';
import type { Told } from './endpoint-events.ts';
import { tellOfCheck } from './endpoint-events.ts';
import { OutwardProber } from './outward-prober.ts';

/**
 * Health checks of this process: made as this sidecar, as requests are, and as many at once as the gate lets in. `isOwn` knows
 * the sidecar's own ports.
 */
export function healthCheckEnvironment(
  identity: IdentityHolder,
  sessions: SessionCache,
  origins: OriginEnvironment,
  told: Told,
  isOwn: (address: string, port: number) => boolean,
): ClusterCheckEnvironment {
  const budget = new ConnectionBudget();
  return {
    gate: new CheckGate(),
    random: Math.random,
    after: systemClock.after,
    proberFor: ({ meshTls, originTls }, { address, port, isMeshed }, settings) => {
      // without TLS for it nothing may be said to a meshed endpoint, and so no check of it can be passed
      const nobody = { sni: '', alpnProtocols: [], expectedIdentities: [] };
      const mesh = isMeshed ? (meshTls ?? nobody) : null;
      const at = { address, port, mesh, origin: originTls };
      const prober = proberFor(settings, new ProbeTarget(at, identity, sessions, origins), budget);
      return isMeshed ? prober : new OutwardProber(prober, () => isOwn(address, port));
    },
    onHealthChange: (cluster, endpoint, outcome) => tellOfCheck(told, cluster, endpoint, outcome),
  };
}
