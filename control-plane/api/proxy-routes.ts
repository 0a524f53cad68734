import { Hono } from 'hono';
import type { ProxyStatusSource } from '../xds/proxy-status.ts';
import type { OpenStreams } from './open-streams.ts';
import { queryNumber } from './query.ts';

/** Longest wait of one call; a client that wants longer asks again. */
const maxWaitMs = 300_000;

/** Who is connected and what has arrived: `GET /heddle/v1/proxies` and `/heddle/v1/convergence?revision=N&timeoutMs=…`. */
export function proxyRoutes(proxies: ProxyStatusSource, streams: OpenStreams): Hono {
  const routes = new Hono();
  routes.get('/heddle/v1/proxies', (context) => context.json({ items: proxies.list() }));
  // a long poll: it answers when the revision is in force everywhere, or with how far it is when time is up
  routes.get('/heddle/v1/convergence', async (context) => {
    const revision = queryNumber(context.req, 'revision', { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
    const timeoutMs = queryNumber(context.req, 'timeoutMs', { min: 0, max: maxWaitMs, fallback: 30_000 });
    const { signal, end } = streams.take(context.req.raw.signal);
    try {
      return context.json(await proxies.convergence(revision, timeoutMs, signal));
    } finally {
      end();
    }
  });
  return routes;
}
