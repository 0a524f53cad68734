import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { hostAndPort } from '../../proto/host-and-port.ts';
import type { ApiOptions } from './api-app.ts';
import { apiApp } from './api-app.ts';
import { OpenStreams } from './open-streams.ts';

export interface ApiServer {
  /** `http://127.0.0.1:15080`, with the port that was free when 0 was asked for. */
  readonly url: string;
  /** Ends watches and long polls, lets other calls finish, and closes. */
  close(): Promise<void>;
}

/** Calls in progress that a closing server waits for, before their connections are cut. */
const closeGraceMs = 2000;

/**
 * Serves the API on HTTP/1.1.
 *
 * Plain HTTP: on loopback there is nobody between, and for the way from other hosts there is an ingress. Limits:
 * 16 KiB of headers within 10 s, a whole request within 30 s, 1024 connections.
 *
 * @throws the listening socket's error, e.g. EADDRINUSE
 */
export async function startApiServer(
  options: ApiOptions & { readonly host: string; readonly port: number },
): Promise<ApiServer> {
  const streams = new OpenStreams();
  const server = createAdaptorServer({
    fetch: apiApp(options, streams).fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: 16 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 5000,
      connectionsCheckingInterval: 1000, // by default 30 s, and no shorter limit would hold
    },
  }) as Server; // without createServer it makes one of node:http
  server.maxConnections = 1024;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  server.removeAllListeners('error');
  server.on('error', (error) => options.log('error', 'the API server failed', { reason: error.message }));
  const { address, port } = server.address() as AddressInfo; // a TCP server that listens
  return {
    url: `http://${hostAndPort(address, port)}`,
    close: () => close(server, streams),
  };
}

async function close(server: Server, streams: OpenStreams): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  streams.close();
  // a connection whose last answer ends now is kept alive all the same, so idle ones are looked for until all are gone
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const timer = setTimeout(() => server.closeAllConnections(), closeGraceMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}
