import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer as createHttpServer, request as requestHttp1 } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import { connect } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { plainBalancer } from '../cluster/balancer-config.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { BandwidthLimit, HeadBandwidthLimit } from '../filter/bandwidth-limit.ts';
import { FaultFilter, noFaults } from '../filter/fault-filter.ts';
import { noBandwidth, SharedBandwidth } from '../filter/shared-bandwidth.ts';
import type { FrameCall } from '../http2/testing/frame-server.ts';
import { FrameServer } from '../http2/testing/frame-server.ts';
import { defaultLimits } from '../resilience/circuit-breaker.ts';
import { envoyOutlierDefaults } from '../resilience/outlier/outlier-settings.ts';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { Activity } from '../telemetry/activity.ts';
import { plainCluster, startForwarder } from '../testing/forwarder.ts';
import { SeededRandom } from '../testing/fuzz/seeded-random.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type Version = 'http1' | 'http2';
const seeded = new SeededRandom(1);
const random = () => seeded.below(1_000_000) / 1_000_000;
const ignore = () => {};

/** What an instance does with a request, whichever version it speaks. */
interface Served {
  begin(status: number): void;
  body(text: string, isLast: boolean): void;
  breakOff(): void;
  /** Sets what is done when the request is whole. */
  whenWhole(then: () => void): void;
}

/** Answers in all the ways in which an instance can, well or not. */
function answer(served: Served): void {
  const write = (status: number, body: string): void => {
    served.begin(status);
    served.body(body, true);
  };
  const draw = random();
  if (draw < 0.1) served.breakOff();
  else if (draw < 0.2) setTimeout(write, random() * 80, 200, 'late');
  else if (draw < 0.25) {
    served.begin(200);
    served.body('a part', false);
    setTimeout(() => served.breakOff(), random() * 30);
  } else if (draw < 0.4) write(503, '');
  else if (draw < 0.45) write(500, 'x'.repeat(20_000));
  else if (draw > 0.5) served.whenWhole(() => write(200, 'y'.repeat(random() * 30_000)));
  // else it is silent
}

async function instance(version: Version): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server =
    version === 'http1'
      ? createHttpServer((request, response) => answer(overHttp1(request, response)))
      : createServer((socket) => new FrameServer(socket, (call) => answer(overHttp2(call))));
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

function overHttp1(request: IncomingMessage, response: ServerResponse): Served {
  for (const each of [request, response]) each.on('error', ignore);
  return {
    begin: (status) => {
      if (!response.destroyed) response.writeHead(status);
    },
    body: (text, isLast) => {
      if (response.destroyed) return;
      if (isLast) response.end(text);
      else response.write(text);
    },
    breakOff: () => request.socket.destroy(),
    whenWhole: (then) => request.on('end', then).resume(),
  };
}

const [refusedStream, internalError] = [7, 2];

function overHttp2(call: FrameCall): Served {
  const ways = [
    () => call.reset(refusedStream),
    () => call.reset(internalError),
    () => call.goAway(false),
    () => call.goAway(true),
    () => call.socket.end(),
    () => call.socket.destroy(),
    () => call.socket.resetAndDestroy(),
  ];
  return {
    begin: (status) => call.begin(status),
    body: (text, isLast) => call.body(text, isLast),
    breakOff: () => seeded.pick(ways)(),
    whenWhole: (then) => {
      if (call.isWhole) then();
      else call.onWhole = then;
    },
  };
}

const limits = { ...defaultLimits, maxRequests: 40, maxPendingRequests: 8, maxConnections: 12, retryBudgetPercent: 50 };
const outlierDetection = { ...envoyOutlierDefaults, baseEjectionTimeMs: 200, maxEjectionPercent: 60, intervalMs: 100 };
const retry = compileRetryPolicy({
  ...{ retryOn: '5xx,reset,connect-failure,refused-stream', retriableStatusCodes: [], retryNonIdempotent: false },
  ...{ maxRetries: 3, perTryTimeoutMs: 30, perTryIdleTimeoutMs: 200, hedgesOnTryTimeout: true, hostDraws: 3 },
});

/** A sidecar with everything that holds something for a request, towards instances of which one is not there. */
async function sidecar(version: Version) {
  const wheel = new TimerWheel();
  const ports = [await instance(version), await instance(version), 1];
  const here = { upstreamProtocol: version, connectTimeoutMs: 200 };
  const copies = plainCluster(ports.slice(1), { ...here, circuitBreaker: { ...limits, maxPendingRequests: 2 } });
  const other = plainCluster(ports.slice(0, 1), here);
  const faults = noFaults();
  const delay = { kind: 'fixed', ms: 20, share: { numerator: 20, denominator: 100 } } as const;
  const fault = {
    delay,
    abort: null,
    responseRate: null,
    headers: [],
    maxActive: 50,
    untilMs: Number.POSITIVE_INFINITY,
    rule: '',
  };
  const environment = { wheel, faults, random, wallClockMs: Date.now, now: () => performance.now() };
  const pace = () => ({ bandwidth: new SharedBandwidth(3_000_000, 50, environment), counters: noBandwidth() });
  const [requests, answers] = [pace(), pace()];
  const forwarder = await startForwarder(ports, {
    wheel,
    filters: [
      new FaultFilter(fault, environment, new Activity('fault', '')),
      new HeadBandwidthLimit(requests),
      new BandwidthLimit(requests, answers, null),
    ],
    cluster: { ...here, circuitBreaker: limits, outlierDetection, maxRestMs: 300, maxRequestsPerConnection: 50 },
    action: {
      ...{ retry, timeoutMs: 400, maxStreamMs: 1500, fallback: { kind: 'forward', destination: other } },
      mirrors: [{ destination: copies, isDrawn: () => random() < 0.3, hasHostSuffix: false }],
    },
  });
  closers.push(
    () => forwarder.close(),
    () => copies.close(),
    () => other.close(),
  );
  const { cluster } = forwarder;
  const change = setInterval(() => {
    forwarder.clock.tick();
    cluster.sweep(forwarder.clock.nowMs);
    const kind = (['round-robin', 'least-request', 'peak-ewma', 'maglev'] as const)[Math.floor(random() * 4)];
    if (random() < 0.3) cluster.update({ ...cluster.config, balancer: plainBalancer(kind ?? 'random') });
    else cluster.setEndpoints(cluster.config.endpoints.slice(Math.floor(random() * 1.5)));
  }, 20);
  closers.push(() => clearInterval(change));
  const held = () => ({
    clusters: [cluster, copies, other].map(heldOf),
    timers: wheel.armedCount,
    filters: [faults.activeFaults, requests.counters.pending, answers.counters.pending],
  });
  return { port: forwarder.port, held };
}

function heldOf({ breaker, endpoints }: Cluster): readonly number[] {
  const active = [...endpoints].reduce((sum, { activeRequests }) => sum + activeRequests, 0);
  return [breaker.requests.active, breaker.retries.active, breaker.pendingRequests.active, active];
}

/** Sends bodies in pieces, and now and then goes away. */
function send(body: { write(text: string): unknown; end(): unknown; destroy(): unknown }, hasBody: boolean): void {
  if (random() < 0.1) setTimeout(() => body.destroy(), random() * 50);
  let pieces = hasBody ? Math.floor(random() * 4) : 0;
  const next = (): void => {
    if (pieces-- <= 0) body.end();
    else {
      body.write('z'.repeat(random() * 30_000));
      setTimeout(next, random() * 15);
    }
  };
  next();
}

const methods = ['GET', 'POST', 'PUT'] as const;
const drawMethod = () => methods[Math.floor(random() * methods.length)] ?? 'GET';

function askHttp1(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve) => {
    const method = drawMethod();
    const request = requestHttp1({ port, host: '127.0.0.1', method, agent });
    request.on('error', () => resolve()).on('close', resolve);
    request.on('response', (response) => response.on('error', ignore).resume());
    send(request, method !== 'GET');
  });
}

function askHttp2(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve) => {
    const method = drawMethod();
    const call = random() < 0.2 && { 'content-type': 'application/grpc', te: 'trailers', 'grpc-timeout': '50m' };
    const stream = session.request({ ':method': method, ':path': '/', ...call }, { endStream: false });
    stream.on('error', ignore).on('close', resolve).resume();
    send(stream, method !== 'GET');
  });
}

describe('a sidecar through which everything has gone wrong', () => {
  it.each<Version>(['http1', 'http2'])('holds nothing when it is over: %s', { timeout: 60_000 }, async (version) => {
    const { port, held } = await sidecar(version);
    const agent = new Agent({ keepAlive: true, maxSockets: 30 });
    let session = connect(`http://127.0.0.1:${port}`).on('error', ignore);
    closers.push(
      () => agent.destroy(),
      () => session.destroy(),
    );
    const sessionNow = (): ClientHttp2Session => {
      // so many streams that are given up are too many for one connection
      if (session.closed || session.destroyed) session = connect(`http://127.0.0.1:${port}`).on('error', ignore);
      return session;
    };
    const asking = async (ask: () => Promise<void>) => {
      for (let i = 0; i < 15; i++) await ask();
    };
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        asking(index % 2 === 0 ? () => askHttp1(port, agent) : () => askHttp2(sessionNow())),
      ),
    );
    const nothing = { clusters: Array(3).fill([0, 0, 0, 0]), timers: 0, filters: [0, 0, 0] };
    await expect.poll(held, { timeout: 20_000 }).toEqual(nothing);
  });
});
