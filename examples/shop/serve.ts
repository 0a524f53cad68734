import type { Server } from 'node:http';
import { createServer } from 'node:http';

/** What every program of the shop answers with: who it is, and whatever it found out. */
export interface Answer {
  readonly service: string;
  readonly version: string;
  readonly instance: string;
  readonly [field: string]: unknown;
}

/**
 * An ordinary HTTP server on loopback: port from PORT, name and version from INSTANCE and VERSION. The handler's answer
 * goes out as JSON; when it throws, because a service it called failed, the answer is 502 with the reason.
 *
 * Nothing in this folder knows of a mesh: that is what the shop is there to show.
 */
export function serve(service: string, handle: (path: string) => Promise<Record<string, unknown>>): Server {
  const { PORT = '8080', INSTANCE = service, VERSION = 'v1' } = process.env;
  const server = createServer(async (request, response) => {
    let status = 200;
    let fields: Record<string, unknown>;
    try {
      fields = await handle(request.url ?? '/');
    } catch (error) {
      status = 502;
      fields = { error: error instanceof Error ? error.message : String(error) };
    }
    const answer: Answer = { service, version: VERSION, instance: INSTANCE, ...fields };
    const body = JSON.stringify(answer);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
    response.end(body);
  });
  server.listen(Number(PORT), '127.0.0.1');
  process.once('SIGTERM', () => server.close());
  return server;
}
