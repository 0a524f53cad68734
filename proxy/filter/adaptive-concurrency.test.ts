import { describe, expect, it } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { GradientController } from '../resilience/gradient-controller.ts';
import { Activity } from '../telemetry/activity.ts';
import { AdaptiveConcurrency } from './adaptive-concurrency.ts';

const settings = {
  ...{ percentile: 50, maxConcurrency: 10, updateIntervalMs: 100, minRttIntervalMs: 60_000, minRttRequests: 2 },
  ...{ jitter: 0, minConcurrency: 1, buffer: 0.25 },
};

function setUp() {
  const adaptive = { blocked: 0 };
  const controller = new GradientController(settings, 0, () => 0);
  const refusals = new Activity('concurrency', '');
  const filter = new AdaptiveConcurrency(controller, { adaptive, now: () => 0 }, refusals, 'cart.yaml');
  const end = (status: number, respondedAtMs: number) =>
    filter.onEnd({
      head: new RequestHead(),
      status,
      grpcStatus: -1,
      startedAtMs: 0,
      passedAtMs: 0,
      respondedAtMs,
      endedAtMs: 10,
    });
  return { adaptive, controller, filter, end };
}

describe('AdaptiveConcurrency', () => {
  it('refuses what is more than the limit, and makes room with each end', () => {
    const { adaptive, filter, end } = setUp();
    expect(filter.onRequest()).toBeNull();
    expect(filter.onRequest()).toMatchObject({ kind: 'answer', failure: 'concurrencyLimitReached', rule: 'cart.yaml' });
    end(200, 5);
    expect(filter.onRequest()).toBeNull();
    expect(adaptive.blocked).toBe(1);
  });

  it.each([
    ['a call of gRPC', { isGrpc: true }, 200, 5],
    ['an event stream', { block: 'Accept: application/json, text/event-stream\r\n' }, 200, 5],
    ['a WebSocket', { upgrade: 'websocket' }, 101, 0],
    ['an upgrade that was answered like any request', { upgrade: 'websocket' }, 404, 5],
  ])('counts and measures %s until its answer begins', (_, fields, status, idealMs) => {
    const { controller, filter } = setUp();
    const head = Object.assign(new RequestHead(), fields);
    const answered = { head, status, grpcStatus: -1, startedAtMs: 0, passedAtMs: 0, respondedAtMs: 5, endedAtMs: 0 };
    const isFull = () => filter.onRequest()?.kind === 'answer';
    for (let i = 0; i < 2; i++) {
      filter.onRequest();
      if (i === 0) expect(isFull()).toBe(true);
      filter.onAnswer(answered);
    }
    expect(controller.idealMs).toBe(idealMs);
    expect(controller.inFlight.active).toBe(0);
    filter.onRequest();
    // the two from before end, an hour later
    for (let i = 0; i < 2; i++) filter.onEnd({ ...answered, endedAtMs: 3_600_000 });
    expect([controller.inFlight.active, controller.idealMs]).toEqual([1, idealMs]);
    filter.onEnd({ ...answered, status: 503, respondedAtMs: 0, endedAtMs: 7 });
    expect(controller.inFlight.active).toBe(0);
  });

  it('counts an answer of another kind to its end', () => {
    const { controller, filter, end } = setUp();
    filter.onRequest();
    const head = new RequestHead();
    filter.onAnswer({
      head,
      status: 200,
      grpcStatus: -1,
      startedAtMs: 0,
      passedAtMs: 0,
      respondedAtMs: 5,
      endedAtMs: 0,
    });
    expect(controller.inFlight.active).toBe(1);
    end(200, 5);
    expect(controller.inFlight.active).toBe(0);
  });

  it.each([
    ['answers', 200, 5, 1],
    ['answers that are errors', 500, 5, 1],
    ['requests without an answer of the service', 503, 0, 0],
    ['tunnels', 101, 5, 0],
    ['clients that went away', 0, 0, 0],
  ])('learns from %s as far as they say something', (_, status, respondedAtMs, learned) => {
    const { controller, filter, end } = setUp();
    for (let i = 0; i < 2; i++) {
      filter.onRequest();
      end(status, respondedAtMs);
    }
    expect(controller.idealMs).toBe(learned * 10);
    expect(controller.inFlight.active).toBe(0);
  });
});
