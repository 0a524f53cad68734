import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { RequestHead } from '../message-head.ts';
import { TimerWheel, tickMs } from '../resilience/timer-wheel.ts';
import type { ForwardAction, Route } from '../route/route.ts';
import { Dispatch } from './dispatch.ts';
import type { ForwardEnvironment } from './forward-environment.ts';
import type { Relay } from './relay.ts';
import { RequestDeadline } from './request-deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Asked {
  readonly direction: 'inbound' | 'outbound';
  /** What the route gives its requests; 0 is no bound. */
  readonly routeMs?: number;
  readonly header?: string;
  /** The identity of who calls; empty for an application. */
  readonly caller?: string;
}

/** After how many milliseconds a request that nobody answers is over; null where no time bounds it. */
function endOf({ direction, routeMs = 0, header = '', caller = 'spiffe://a/ns/b/sa/c' }: Asked): number | null {
  const clock = { nowMs: 1_000 };
  const now = () => clock.nowMs;
  const wheel = new TimerWheel(now);
  const endedAtMs: number[] = [];
  const deadline = new RequestDeadline({ wheel, now }, () => endedAtMs.push(now()));
  const head = new RequestHead();
  head.block = `host: a\r\n${header}`;
  head.hasControls = header !== '';
  // of the upstream side only that it takes the request, which has ended, and never answers
  const upstream = { enter: () => null, attempt: () => {}, isRequestEnded: true };
  const relay = { upstream, record: { head, startedAtMs: now(), peer: { principal: caller } } } as unknown as Relay;
  const environment = { direction } as unknown as ForwardEnvironment;
  const route = { requestHeaders: null } as unknown as Route<Cluster>;
  const action = {
    ...{ kind: 'forward', pick: () => ({}), timeoutMs: routeMs, maxStreamMs: 0, maxCallMs: 0 },
    ...{ session: null, pickEdited: null, mirrors: null, retry: null, fallback: null, pathRewrite: null },
  } as unknown as ForwardAction<Cluster>;
  new Dispatch(environment, relay, deadline).start(action, route);
  for (let waited = 0; endedAtMs.length === 0 && waited < 2_000; waited += tickMs) {
    clock.nowMs += tickMs;
    wheel.advance();
  }
  return endedAtMs[0] === undefined ? null : endedAtMs[0] - 1_000;
}

const left = (ms: number) => `x-envoy-expected-rq-timeout-ms: ${ms}\r\n`;

describe('the end of a request that a caller gives a time', () => {
  it.each<[string, Asked, number | null]>([
    ['50 ms after its caller has given it up', { direction: 'inbound', header: left(100) }, 150],
    ['also where the route gives more', { direction: 'inbound', header: left(100), routeMs: 1_000 }, 150],
    ['when the route says, where that is less', { direction: 'inbound', header: left(100), routeMs: 80 }, 80],
    ['when the route says, without a word of a caller', { direction: 'inbound', routeMs: 80 }, 80],
    ['when the application says, on its own side', { direction: 'outbound', header: left(100) }, 100],
    [
      'when the application says in other words',
      { direction: 'outbound', header: 'x-envoy-upstream-rq-timeout-ms: 60\r\n', routeMs: 1_000 },
      60,
    ],
    ['never, where who says it is no sidecar', { direction: 'inbound', header: left(100), caller: '' }, null],
  ])('comes %s', (_when, asked, endsAfterMs) => {
    const end = endOf(asked);
    if (endsAfterMs === null) expect(end).toBeNull();
    else expect(end).toBeGreaterThanOrEqual(endsAfterMs);
    if (endsAfterMs !== null) expect(end).toBeLessThanOrEqual(endsAfterMs + 2 * tickMs);
  });
});
