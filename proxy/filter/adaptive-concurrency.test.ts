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
  const filter = new AdaptiveConcurrency(controller, { adaptive, now: () => 0 }, new Activity('concurrency', ''));
  const end = (status: number, respondedAtMs: number) =>
    filter.onEnd({ head: new RequestHead(), status, grpcStatus: -1, startedAtMs: 0, respondedAtMs, endedAtMs: 10 });
  return { adaptive, controller, filter, end };
}

describe('AdaptiveConcurrency', () => {
  it('refuses what is more than the limit, and makes room with each end', () => {
    const { adaptive, filter, end } = setUp();
    expect(filter.onRequest()).toBeNull();
    expect(filter.onRequest()).toMatchObject({ kind: 'answer', failure: 'concurrencyLimitReached' });
    end(200, 5);
    expect(filter.onRequest()).toBeNull();
    expect(adaptive.blocked).toBe(1);
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
