import { Hono } from 'hono';
import type { TelemetrySource } from '../telemetry/telemetry-source.ts';
import { queryNumber, queryWord } from './query.ts';
import type { RegistrySource } from './registered-workloads.ts';
import { withRunningServices } from './running-services.ts';

/** Seconds: the control plane counts in buckets of 5 and keeps an hour. */
const window = { min: 5, max: 3600, fallback: 60 } as const;

/**
 * What flowed: `GET /heddle/v1/stat?window=60&by=service` and `/heddle/v1/edges?window=60`, in seconds; `by` is `service`
 * or `version`. What runs is told by the registry, so services that nobody has called have a row in `stat` too.
 */
export function trafficRoutes(telemetry: TelemetrySource, registry: RegistrySource): Hono {
  const routes = new Hono();
  routes.get('/heddle/v1/stat', (context) => {
    const windowSeconds = queryNumber(context.req, 'window', window);
    const by = queryWord(context.req, 'by', ['service', 'version']);
    const items = withRunningServices(telemetry.stat(windowSeconds, by), registry.view().workloads, by);
    return context.json({ windowSeconds, by, items });
  });
  routes.get('/heddle/v1/edges', (context) => {
    const windowSeconds = queryNumber(context.req, 'window', window);
    return context.json({ windowSeconds, items: telemetry.edges(windowSeconds) });
  });
  return routes;
}
