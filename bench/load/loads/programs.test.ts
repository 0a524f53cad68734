import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasProgram } from '../../../examples/testing/programs.ts';
import type { RunningPeer } from '../peer.ts';
import { benchClient, writePeerCertificates } from '../peers/peer-certificates.ts';
import { Stage } from '../stage.ts';
import { runningAt } from '../testing/scenario.ts';
import { idleConnections } from './idle-connections.ts';
import { steadyRate } from './steady-rate.ts';
import { tlsHandshakes } from './tls-handshakes.ts';
import { wrk } from './wrk.ts';

let stage: Stage;
let server: Server;
beforeEach(() => {
  stage = new Stage(null);
});
afterEach(async () => {
  await stage.close();
  server.close();
});

const listen = async (listening: Server): Promise<number> => {
  server = listening;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
};
const serve = async (listener: RequestListener): Promise<RunningPeer> =>
  runningAt(await listen(createServer(listener)));

describe.skipIf(!hasProgram('wrk'))('wrk', () => {
  it('uploads as much as it is told to with every request, and counts it', async () => {
    const uploads: string[] = [];
    const peer = await serve(async (request, response) => {
      const bytes = Buffer.concat(await request.toArray());
      uploads.push(`${request.method} ${request.url} ${bytes.length}`);
      response.end('thanks');
    });
    const load = wrk({ path: '/upload', bodyBytes: 6, connections: 2, uploadBytes: 100_000 });
    const { requests, bodyBytes } = await load.run(stage, peer, 300);
    expect(requests).toBeGreaterThan(0);
    expect(bodyBytes).toBe(requests * 100_006);
    expect(new Set(uploads)).toEqual(new Set(['POST /upload 100000']));
  });

  it('has a connection for every request where it should', async () => {
    const perConnection = new Map<unknown, number>();
    const peer = await serve(({ socket }, response) => {
      perConnection.set(socket, (perConnection.get(socket) ?? 0) + 1);
      response.end('hello');
    });
    const { requests } = await wrk({ path: '/', bodyBytes: 5, connections: 2, closes: true }).run(stage, peer, 300);
    expect(requests).toBeGreaterThan(2);
    expect(perConnection.size).toBeGreaterThanOrEqual(requests);
    expect(new Set(perConnection.values())).toEqual(new Set([1]));
  });
});

describe('steadyRate', () => {
  it('asks as often as it should, over as many connections', async () => {
    const sockets = new Set<unknown>();
    const peer = await serve((request, response) => {
      sockets.add(request.socket);
      response.end('hello');
    });
    const report = await steadyRate(200, 4).run(stage, peer, 500);
    expect(report.requests).toBe(100);
    expect(report.requestsPerSecond).toBeGreaterThan(100);
    expect(report.requestsPerSecond).toBeLessThan(210);
    expect(report.bodyBytes).toBe(500);
    expect(sockets.size).toBe(4);
    expect(report.p50Ms).toBeGreaterThan(0);
    expect(report.p99Ms).toBeGreaterThanOrEqual(report.p50Ms);
  });

  it('counts the time of a request from when it was due, also when every connection is busy', async () => {
    // One connection, 20 ms for each answer, a request every 10 ms: the n-th waits for those before it.
    const peer = await serve((_request, response) => void setTimeout(() => response.end('late'), 20));
    const report = await steadyRate(100, 1).run(stage, peer, 300);
    expect(report.requests).toBe(30);
    expect(report.p99Ms).toBeGreaterThan(250);
    expect(report.p50Ms).toBeGreaterThan(100);
  });

  it('has no figures of a server that answers with errors', async () => {
    const peer = await serve((_request, response) => response.writeHead(503).end());
    await expect(steadyRate(100, 2).run(stage, peer, 100)).rejects.toThrow('10 answers were errors');
  });

  it('has none of a server that closes a connection', async () => {
    const peer = await serve((request, response) => {
      response.end('hello');
      setImmediate(() => request.socket.destroy());
    });
    await expect(steadyRate(100, 2).run(stage, peer, 200)).rejects.toThrow(/connections failed/);
  });
});

describe('tlsHandshakes', () => {
  const serveTls = async (hidesTickets: boolean): Promise<RunningPeer> => {
    const files = writePeerCertificates(stage.folder);
    const [ca, own] = [readFileSync(files.rootFile), readFileSync(files.inboundFile)];
    const options = {
      ca,
      cert: own,
      key: own,
      requestCert: true,
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
    };
    const tls = createTlsServer({ ...options, ...(hidesTickets ? { secureOptions: 1 << 14 } : {}) }, (socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello'));
    });
    return { ...runningAt(await listen(tls)), clientTls: benchClient(files) };
  };

  it('makes a full handshake for every request', async () => {
    const report = await tlsHandshakes(2, false).run(stage, await serveTls(false), 300);
    expect(report.requests).toBeGreaterThan(3);
    expect(report.requestsPerSecond).toBeGreaterThan(3);
  });

  it('takes up a session for every request where it should', async () => {
    const report = await tlsHandshakes(2, true).run(stage, await serveTls(false), 300);
    expect(report.requests).toBeGreaterThan(3);
  });

  it('has no figures where the server resumes nothing', async () => {
    const peer = await serveTls(true);
    await expect(tlsHandshakes(2, true).run(stage, peer, 200)).rejects.toThrow(
      /^0 of \d+ handshakes resumed a session/,
    );
  });
});

describe('idleConnections', () => {
  it('opens as many as it should, and keeps them', async () => {
    const peer = await serve((_request, response) => response.end('hello'));
    const connections = () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
    const report = await idleConnections(50).run(stage, peer, 0);
    expect(report.requests).toBe(50);
    expect(await connections()).toBe(50);
    await idleConnections(30).run(stage, peer, 0);
    expect(await connections()).toBe(80);
  });

  it('says so when they cannot be opened', async () => {
    const peer = await serve((request) => request.socket.destroy());
    await expect(idleConnections(50).run(stage, peer, 0)).rejects.toThrow('connections could not be opened');
  });
});
