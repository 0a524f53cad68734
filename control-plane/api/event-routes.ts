import { Hono } from 'hono';
import type { EventFilter } from '../telemetry/mesh-event.ts';
import type { TelemetrySource } from '../telemetry/telemetry-source.ts';
import type { OpenStreams } from './open-streams.ts';
import { queryNumber } from './query.ts';
import { watchResponse } from './watch-response.ts';

/** Seconds: what is kept is bounded by number, not by age. */
const since = { min: 0, max: 31_536_000, fallback: 31_536_000 } as const;
const everyId = { min: 0, max: 999_999_999_999_999, fallback: -1 } as const;

/**
 * What has changed in how traffic is treated, as sidecars tell it: `GET /heddle/v1/events?since=600&service=cart`, `since` in
 * seconds; `namespace` too. With `watch=true` one line of JSON for each, those that were there first and then each as it
 * comes; `after` is the id of the last one that is known.
 */
export function eventRoutes(
  { events }: Pick<TelemetrySource, 'events'>,
  streams: OpenStreams,
  now: () => number,
): Hono {
  const routes = new Hono();
  routes.get('/heddle/v1/events', async (context) => {
    const { req } = context;
    const sinceMs = now() - 1000 * queryNumber(req, 'since', since);
    const after = queryNumber(req, 'after', everyId);
    const filter: EventFilter = { service: req.query('service'), namespace: req.query('namespace') };
    const known = events.list({ ...filter, sinceMs }).filter(({ id }) => id > after);
    if (!['true', '1'].includes(req.query('watch') ?? '')) {
      return context.json({ items: known, lastId: events.lastId });
    }
    const { signal, end } = streams.take(req.raw.signal);
    const first = known[0]?.id ?? events.lastId + 1;
    return watchResponse(events.follow(after < 0 ? first - 1 : after, filter, signal), end);
  });
  return routes;
}
