import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Registry } from 'prom-client';

/** How a question was answered. */
export type AnswerCode = 'ok' | 'over_limit' | 'refused' | 'store_error';

/** What a rate limit server has done, since start; no label comes from a question, so that their number is fixed. */
export class RateLimitMetrics {
  readonly registry = new Registry();
  readonly #answers: Counter<'code'>;
  readonly #descriptors: Counter;

  constructor() {
    const registers = [this.registry];
    this.#answers = new Counter({
      ...{ name: 'heddle_ratelimit_answers_total', registers, labelNames: ['code'] },
      help: 'Questions by how they were answered: refused are those that make no sense, store_error those not counted.',
    });
    for (const code of ['ok', 'over_limit', 'refused', 'store_error']) this.#answers.inc({ code }, 0);
    this.#descriptors = new Counter({
      ...{ name: 'heddle_ratelimit_descriptors_total', registers },
      help: 'Descriptors in questions; each with a limit is one count.',
    });
  }

  answered(code: AnswerCode, descriptors: number): void {
    this.#answers.inc({ code });
    this.#descriptors.inc(descriptors);
  }
}

/** `/metrics` and `/healthz`, open to whoever reaches it: it names nobody and belongs on loopback. Rejects when the port cannot be had. */
export async function startMetricsServer(
  { registry }: RateLimitMetrics,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const limits = { maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000 };
  const server = createServer(limits, (request, response) => {
    const reply = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(status, { 'content-type': type }).end(request.method === 'HEAD' ? '' : body);
    };
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') reply(405, 'GET only\n');
    else if (path === '/healthz') reply(200, 'ok\n');
    else if (path === '/metrics') {
      registry.metrics().then(
        (text) => reply(200, text, registry.contentType),
        () => reply(500, 'the metrics cannot be written\n'),
      );
    } else reply(404, 'there are /metrics and /healthz\n');
  });
  server.maxConnections = 256;
  server.listen({ host, port });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
