/**
 * One instance of an application, as a process: HTTP, gRPC and TCP on free ports of loopback, which it reports over the
 * channel to its parent. Each answer names it. What it fails at is told to it over the same channel.
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { createServer } from 'node:net';
import type { sendUnaryData } from '@grpc/grpc-js';
import { Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { serviceDefinition } from '../../proto/load.ts';

/** What a parent tells an instance. */
export interface Orders {
  /**
   * Requests that are answered 503: none, all, or every second one. One that leaves answers everything well but checks, and says
   * that it wants no more.
   */
  readonly fails: 'never' | 'always' | 'every-other' | 'leaving';
}

export interface InstancePorts {
  readonly http: number;
  readonly grpc: number;
  readonly tcp: number;
}

async function main(name: string): Promise<void> {
  let fails: Orders['fails'] = 'never';
  let requests = 0;
  process.on('message', (orders: Orders) => {
    fails = orders.fails;
  });
  process.on('disconnect', () => process.exit());

  const http = createHttpServer((request, response) => {
    requests++;
    const isLeaving = fails === 'leaving';
    const isFailing =
      fails === 'always' ||
      (fails === 'every-other' && requests % 2 === 0) ||
      (isLeaving && request.url === '/healthz');
    request.resume();
    if (isLeaving) response.setHeader('x-envoy-immediate-health-check-fail', 'true');
    response.writeHead(isFailing ? 503 : 200).end(name);
  });
  // a line for a line, as Redis does
  const tcp = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => socket.write(String(data) === 'PING\r\n' ? `+PONG ${name}\r\n` : '-ERR\r\n'));
  });
  const grpc = new Server();
  grpc.addService(serviceDefinition('grpc.health.v1.Health') as never, {
    Check: (call: { sendMetadata(metadata: Metadata): void }, answer: sendUnaryData<object>) => {
      const metadata = new Metadata();
      metadata.set('x-instance', name);
      call.sendMetadata(metadata);
      answer(null, { status: 'SERVING' });
    },
  });
  const ports: InstancePorts = { http: await listen(http), tcp: await listen(tcp), grpc: await bind(grpc) };
  process.send?.(ports);
}

async function listen(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function bind(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

await main(process.argv[2] ?? 'instance');
