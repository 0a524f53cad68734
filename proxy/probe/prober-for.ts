import type { Prober } from '../resilience/health-check/check-session.ts';
import type { HealthCheckSettings } from '../resilience/health-check/health-check-settings.ts';
import type { ConnectionBudget } from './connection-budget.ts';
import { noPlace } from './connection-budget.ts';
import { GrpcProber } from './grpc-prober.ts';
import { HttpProber } from './http-prober.ts';
import type { ProbeTarget } from './probe-target.ts';
import { TcpProber } from './tcp-prober.ts';

/** What carries out checks of an endpoint. The libraries that it takes are loaded with the first check. */
export function proberFor(
  { check, reusesConnection }: HealthCheckSettings,
  target: ProbeTarget,
  budget: ConnectionBudget,
): Prober {
  const place = reusesConnection ? budget.place() : noPlace();
  switch (check.kind) {
    case 'http':
      return new HttpProber(check, target, place);
    case 'tcp':
      return new TcpProber(check, target);
    case 'grpc':
      return new GrpcProber(check, target, place);
  }
}
