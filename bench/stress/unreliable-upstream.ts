import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { BodyCheck, bodyPart, planOf } from './plan.ts';

export interface UnreliableUpstream {
  readonly port: number;
  /** Bodies of requests that were not what their client had sent. */
  readonly wrongBodies: number;
  /** Ends every connection. */
  close(): void;
}

/** A service on node:http that does to each request what its plan says, and looks at every byte of it. */
export async function startUnreliableUpstream(): Promise<UnreliableUpstream> {
  let wrongBodies = 0;
  const server = createServer((request, response) => {
    const plan = planOf(request.url ?? '');
    const check = new BodyCheck(plan.seed);
    const cut = () => breakOff(request.socket, plan.isReset);
    request.on('error', () => {}); // the client went away: as planned
    response.on('error', () => {});
    if (plan.ending === 'upstream-before-head') {
      cut();
      return;
    }
    request.on('data', (chunk: Buffer) => {
      check.take(chunk);
      if (!check.isRight) {
        wrongBodies++;
        cut();
      } else if (plan.ending === 'upstream-in-request' && check.bytes > plan.cutAfter) cut();
    });
    request.on('end', () => {
      if (check.bytes !== plan.requestBytes) wrongBodies++;
      if (plan.ending === 'upstream-in-request' || check.bytes !== plan.requestBytes) cut();
      else answer(request, response);
    });
  });
  Object.assign(server, { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get wrongBodies() {
      return wrongBodies;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { ending, seed, responseBytes, isResponseChunked, cutAfter, isReset } = planOf(request.url ?? '');
  if (!isResponseChunked) response.setHeader('content-length', responseBytes);
  if (ending !== 'upstream-in-response') {
    response.end(bodyPart(seed, 0, responseBytes));
    return;
  }
  response.flushHeaders();
  if (cutAfter === 0) breakOff(request.socket, isReset);
  else response.write(bodyPart(seed, 0, cutAfter), () => breakOff(request.socket, isReset));
}

/** Ends a connection at once, with a FIN or with a reset. */
export function breakOff(socket: Socket, isReset: boolean): void {
  if (isReset) socket.resetAndDestroy();
  else socket.destroy();
}
