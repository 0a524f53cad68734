import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { AdaptiveConcurrency } from '../filter/adaptive-concurrency.ts';
import { GradientController } from '../resilience/gradient-controller.ts';
import { Activity } from '../telemetry/activity.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const settings = {
  ...{ percentile: 50, maxConcurrency: 1000, updateIntervalMs: 100, minRttIntervalMs: 60_000, minRttRequests: 50 },
  ...{ jitter: 0, minConcurrency: 3, buffer: 0.25 },
};

/** Behind a controller that measures, and so lets three in at a time. */
async function measured(maxStreamMs: number) {
  const upstream = await startScriptedServer((socket, text) => {
    if (text.startsWith('GET ')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  closers.push(upstream.close);
  const controller = new GradientController(settings, 0, () => 0);
  const environment = { adaptive: { blocked: 0 }, now: () => performance.now() };
  const filter = new AdaptiveConcurrency(controller, environment, new Activity('concurrency', ''));
  const forwarder = await startForwarder([upstream.port], { filters: [filter], action: { maxStreamMs } });
  closers.push(() => forwarder.close());
  return { controller, port: forwarder.port };
}

async function sendSlowly(port: number, clients: number, controller: GradientController): Promise<Socket[]> {
  const sockets = Array.from({ length: clients }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx');
    closers.push(() => void socket.destroy());
    return socket;
  });
  await expect.poll(() => controller.inFlight.active).toBe(clients);
  return sockets;
}

const get = (port: number) => sendRaw(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', (text) => /ok$|}\n$/.test(text));

describe('adaptive concurrency, and clients that send slowly', () => {
  it('counts them as requests, as Envoy does: as many as it lets in keep others out until one goes', async () => {
    const { controller, port } = await measured(0);
    const [first] = await sendSlowly(port, 3, controller);
    expect((await get(port)).status).toBe(503);
    first?.destroy();
    await expect.poll(() => controller.inFlight.active).toBe(2);
    expect((await get(port)).status).toBe(200);
  });

  it('has its places back when the time of the whole exchange is over', async () => {
    const { controller, port } = await measured(200);
    await sendSlowly(port, 3, controller);
    await expect.poll(() => controller.inFlight.active, { timeout: 5000 }).toBe(0);
    expect((await get(port)).status).toBe(200);
  });
});
