import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface MonitoringOptions {
  readonly host: string;
  readonly port: number;
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>;
  /** Why we do not serve now, or `null` when we do. */
  readonly unreadiness: () => string | null;
}

export interface MonitoringServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Port 15014: `/metrics`, `/healthz` (we live) and `/readyz` (we serve, or why not). Open, so it binds loopback unless
 * told otherwise, and holds nothing that names a user or a secret.
 *
 * @throws the listening error, such as EADDRINUSE
 */
export async function startMonitoringServer(options: MonitoringOptions): Promise<MonitoringServer> {
  const server = createServer(
    // Node looks for those that take too long every 30 s unless told otherwise
    { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000 },
    (request, response) => {
      answer(request, response, options).catch(() => {
        response.destroy(); // the scrape fails, which says so to the one who scrapes
      });
    },
  );
  server.maxConnections = 2048;
  server.listen({ host: options.host, port: options.port });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, options: MonitoringOptions): Promise<void> {
  const reply = (code: number, body: string, type = 'text/plain; charset=utf-8'): void => {
    response.writeHead(code, { 'content-type': type, 'x-content-type-options': 'nosniff' });
    response.end(request.method === 'HEAD' ? '' : body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    reply(405, 'GET only\n');
    return;
  }
  switch (request.url?.split('?')[0]) {
    case '/metrics':
      reply(200, await options.metrics(), 'text/plain; version=0.0.4; charset=utf-8');
      return;
    case '/healthz':
      reply(200, 'ok\n');
      return;
    case '/readyz': {
      const reason = options.unreadiness();
      reply(reason === null ? 200 : 503, `${reason ?? 'ok'}\n`);
      return;
    }
    default:
      reply(404, 'there are /metrics, /healthz and /readyz\n');
  }
}
