import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Client } from '@grpc/grpc-js';
import { credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { createIssuer, createRoot, issueLeaf } from '../../certs/authority.ts';
import { generateKeyPair } from '../../certs/key-pair.ts';
import { fromPem } from '../../certs/pem.ts';
import type { SpiffeId } from '../../certs/spiffe-id.ts';
import { parseSpiffeId } from '../../certs/spiffe-id.ts';
import { MeshTelemetry } from '../../control-plane/telemetry/mesh-telemetry.ts';
import { telemetryService } from '../../control-plane/telemetry/telemetry-service.ts';
import { clientOf } from '../../proto/client.ts';
import { serviceDefinition } from '../../proto/load.ts';
import { EventLog } from '../../proxy/telemetry/event-log.ts';
import type { SeriesLabels } from '../../proxy/telemetry/series-labels.ts';
import { SeriesRegistry } from '../../proxy/telemetry/series-registry.ts';
import { TcpRegistry } from '../../proxy/telemetry/tcp-registry.ts';
import { TelemetryReporter } from '../../proxy/telemetry/telemetry-reporter.ts';
import { FakeClock } from '../../proxy/testing/fake-clock.ts';

const web = parseSpiffeId('spiffe://cluster.local/ns/default/sa/web');
const cart = parseSpiffeId('spiffe://cluster.local/ns/default/sa/cart');

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** TCP in between, which can break after so many bytes of answers: what was sent has arrived, the rest is lost. */
async function startRelay(port: number) {
  const sockets = new Set<Socket>();
  let bytesLeft = Number.POSITIVE_INFINITY;
  let breaks = 0;
  const cut = (): void => {
    breaks++;
    bytesLeft = Number.POSITIVE_INFINITY;
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      bytesLeft -= bytes.length;
      if (bytesLeft < 0) cut();
      else client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.close();
    cut();
  });
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    cutAfter: (bytes: number) => {
      bytesLeft = bytes;
    },
    breaks: () => breaks,
  };
}

async function startService(telemetry: MeshTelemetry): Promise<number> {
  const server = new Server();
  const caller = { svid: { id: cart, der: lonelyLeaf(cart) } };
  const service = telemetryService({ telemetry, callerOf: () => caller, log: () => {}, now: () => Date.now() * 1000 });
  server.addService(serviceDefinition('heddle.v1.TelemetryService'), service);
  cleanups.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    const onBound = (error: Error | null, port: number) => (error === null ? resolve(port) : reject(error));
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), onBound);
  });
}

/** A new connection for each client, as after a break or a renewed certificate. */
function connectTo(port: number) {
  const Report = clientOf('heddle.v1.TelemetryService');
  const client = new Report(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  cleanups.push(() => (client as Client).close());
  return client;
}

function labels(route: string): SeriesLabels {
  const end = { namespace: 'default', version: 'v1' };
  return {
    reporter: 'destination',
    source: { ...end, workload: 'web-1', service: 'web', principal: web },
    destination: {
      ...end,
      workload: 'cart-1',
      serviceHost: 'cart.default.svc.cluster.local',
      serviceName: 'cart',
      principal: cart,
    },
    route,
    host: '',
    isUnsent: false,
    protocol: 'http',
    isMutualTls: true,
  };
}

/** Numbers that look random and are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

async function until(isDone: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!isDone() && Date.now() < deadline) await nextTurn();
}

describe('reports from a sidecar to the control plane', () => {
  it.each([1, 2, 3])(
    'count every request exactly once through connections that keep breaking (run %i)',
    async (seed) => {
      const random = numbers(seed);
      const telemetry = new MeshTelemetry();
      const relay = await startRelay(await startService(telemetry));
      const registry = new SeriesRegistry();
      const connections = new TcpRegistry();
      const clock = new FakeClock(Date.now() - 600_000);
      const reporter = new TelemetryReporter({
        registry,
        connections,
        clock,
        events: new EventLog(),
        conditions: () => [],
        workload: 'web-1',
        random: () => 0.5,
      });
      cleanups.push(() => reporter.close());
      reporter.start();
      const expected = { requests: 0, requestBytes: 0, responseBytes: 0 };
      const tcp = connections.series(labels(''), '-');
      let brokenAt = -1;
      for (let round = 0; round < 60; round++) {
        if (relay.breaks() !== brokenAt) {
          brokenAt = relay.breaks();
          reporter.useClient(connectTo(relay.port));
        }
        for (let i = random(20); i >= 0; i--) {
          const [requestBytes, responseBytes] = [random(1000), random(100_000)];
          const series = registry.series(labels(`route-${random(3)}`));
          series.record(random(10) === 0 ? 503 : 200, '-', random(500), requestBytes, responseBytes);
          expected.requests++;
          expected.requestBytes += requestBytes;
          expected.responseBytes += responseBytes;
        }
        tcp.opened += random(3);
        tcp.closed = Math.max(tcp.closed, tcp.opened - random(3));
        tcp.sentBytes += random(1000);
        const fate = random(4);
        if (fate === 0) relay.cutAfter(random(200));
        clock.advance(5000);
        if (fate === 1) relay.cut();
        else await until(() => reporter.unacknowledgedReports === 0 || relay.breaks() !== brokenAt);
      }
      reporter.useClient(connectTo(relay.port));
      expect(await settled(reporter)).toBe(true);

      const totals = { requests: 0, requestBytes: 0, responseBytes: 0 };
      for (const { requests, requestBytes, responseBytes } of telemetry.totals.all()) {
        totals.requests += requests;
        totals.requestBytes += requestBytes;
        totals.responseBytes += responseBytes;
      }
      expect(totals).toEqual(expected);
      const [stat, ...others] = telemetry.stat(3600, 'service');
      expect(others).toEqual([]);
      expect(stat).toMatchObject({ service: 'cart', requests: expected.requests, mutualTlsShare: 1 });
      expect([...telemetry.tcpTotals.all()]).toMatchObject([
        { openedConnections: tcp.opened, closedConnections: tcp.closed, responseBytes: tcp.sentBytes },
      ]);
      // it was not for want of trying
      expect(relay.breaks()).toBeGreaterThan(10);
      expect(telemetry.counts.repeated).toBeGreaterThan(0);
      expect(reporter.droppedReports).toBe(0);
      expect(telemetry.counts.refused).toEqual({ foreign: 0, invalid: 0 });
    },
  );
});

async function settled(reporter: TelemetryReporter): Promise<boolean> {
  await until(() => reporter.unacknowledgedReports === 0);
  return reporter.flush();
}

/** DER of a leaf without a grant, under a root that nobody else knows. */
function lonelyLeaf(id: SpiffeId): Buffer {
  const issuer = createIssuer(createRoot({ trustDomain: 'cluster.local' }));
  const { chainPem } = issueLeaf({ issuer, id, publicKey: generateKeyPair().publicKey });
  const [der] = fromPem('CERTIFICATE', chainPem);
  if (der === undefined) throw new Error('the chain is empty');
  return Buffer.from(der);
}
