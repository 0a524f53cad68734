import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { Activity } from '../telemetry/activity.ts';
import type { FaultConfig } from './fault-filter.ts';
import { FaultFilter, noFaults } from './fault-filter.ts';
import type { FilterAnswer, FilterEdit, FilterVerdict } from './request-filter.ts';

const all = { numerator: 100, denominator: 100 } as const;
const none = { numerator: 0, denominator: 100 } as const;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(config: Partial<FaultConfig>, random = () => 0) {
  const clock = { nowMs: 0 };
  const wheel = new TimerWheel(() => clock.nowMs);
  const faults = noFaults();
  const filter = new FaultFilter(
    {
      delay: null,
      abort: null,
      headers: [],
      maxActive: 10,
      untilMs: 1000,
      rule: 'FaultInjection/default/f',
      ...config,
    },
    { wheel, faults, random, wallClockMs: () => clock.nowMs },
    new Activity('fault', ''),
  );
  return {
    faults,
    clock,
    wheel,
    ask(block = ''): FilterVerdict {
      const head = new RequestHead();
      head.block = block;
      return filter.onRequest({ head, peer: { principal: '', address: '' } });
    },
    pass(ms: number): void {
      clock.nowMs += ms;
      wheel.advance();
    },
  };
}

/** Begins to wait, and says later what came of it. */
function wait(verdict: FilterVerdict) {
  if (verdict?.kind !== 'wait') throw new Error(`not a wait: ${JSON.stringify(verdict)}`);
  const outcomes: (FilterAnswer | FilterEdit | null)[] = [];
  const cancel = verdict.start((answer) => outcomes.push(answer));
  return { outcomes, cancel };
}

describe('FaultFilter', () => {
  it('aborts with the status of the rule and names the rule', () => {
    const { ask, faults } = setUp({ abort: { kind: 'status', status: 418, share: all } });
    expect(ask()).toMatchObject({
      failure: 'faultAbort',
      status: 418,
      grpcStatus: -1,
      rule: 'FaultInjection/default/f',
    });
    expect(faults.abortsInjected).toBe(1);
  });

  it.each([
    [0, 200],
    [4, 504],
    [8, 429],
    [14, 503],
    [16, 401],
  ])('aborts calls with gRPC status %i, and what is no call with HTTP status %i', (grpcStatus, status) => {
    const { ask } = setUp({ abort: { kind: 'grpc', grpcStatus, share: all } });
    expect(ask()).toMatchObject({ grpcStatus, status });
  });

  it('draws its share exactly, at any denominator', () => {
    for (const denominator of [100, 10_000, 1_000_000] as const) {
      let draw = 0;
      const { ask } = setUp(
        { abort: { kind: 'status', status: 503, share: { numerator: 7, denominator } } },
        () => draw,
      );
      draw = 6.5 / denominator;
      expect(ask()).not.toBeNull();
      draw = 7 / denominator;
      expect(ask()).toBeNull();
    }
  });

  it('holds a request up for its time, and then lets it go on', () => {
    const { ask, pass, faults } = setUp({ delay: { kind: 'fixed', ms: 200, share: all } });
    const { outcomes } = wait(ask());
    expect(faults).toMatchObject({ delaysInjected: 1, activeFaults: 1 });
    pass(190);
    expect(outcomes).toEqual([]);
    pass(30);
    expect(outcomes).toEqual([null]);
    expect(faults.activeFaults).toBe(0);
  });

  it('aborts behind the delay where both are drawn', () => {
    const { ask, pass, faults } = setUp({
      delay: { kind: 'fixed', ms: 100, share: all },
      abort: { kind: 'status', status: 500, share: all },
    });
    const { outcomes } = wait(ask());
    expect(faults.abortsInjected).toBe(0);
    pass(120);
    expect(outcomes).toMatchObject([{ status: 500 }]);
    expect(faults.abortsInjected).toBe(1);
  });

  it('forgets a request that is gone', () => {
    const { ask, pass, faults, wheel } = setUp({ delay: { kind: 'fixed', ms: 100, share: all } });
    const { outcomes, cancel } = wait(ask());
    cancel();
    cancel();
    expect([faults.activeFaults, wheel.armedCount]).toEqual([0, 0]);
    pass(200);
    expect(outcomes).toEqual([]);
  });

  it('holds up no more than it may, and lets the others go on', () => {
    const { ask, faults } = setUp({ delay: { kind: 'fixed', ms: 100, share: all }, maxActive: 2 });
    wait(ask());
    const second = wait(ask());
    expect(ask()).toBeNull();
    expect(faults.faultsOverflow).toBe(1);
    second.cancel();
    expect(ask()).not.toBeNull();
  });

  it('clears itself when its time is over', () => {
    const { ask, clock } = setUp({ abort: { kind: 'status', status: 503, share: all }, untilMs: 1000 });
    clock.nowMs = 999;
    expect(ask()).not.toBeNull();
    clock.nowMs = 1000;
    expect(ask()).toBeNull();
  });

  it('leaves requests alone that do not fit every condition', () => {
    const headers = [{ matches: (head: RequestHead) => head.block.includes('x-test') }, { matches: () => true }];
    const { ask } = setUp({ abort: { kind: 'status', status: 503, share: all }, headers });
    expect(ask()).toBeNull();
    expect(ask('x-test: 1\r\n')).not.toBeNull();
  });

  describe('when the request says what it wants', () => {
    const header = { kind: 'header', share: all } as const;

    it.each([
      ['x-envoy-fault-abort-request: 418\r\n', { status: 418, grpcStatus: -1 }],
      ['x-envoy-fault-abort-grpc-request: 14\r\n', { status: 503, grpcStatus: 14 }],
      ['x-envoy-fault-abort-request: 500\r\nx-envoy-fault-abort-grpc-request: 13\r\n', { status: 500, grpcStatus: 13 }],
    ])('aborts for %j', (block, answer) => {
      expect(setUp({ abort: header }).ask(block)).toMatchObject(answer);
    });

    it.each([
      '',
      'x-envoy-fault-abort-request: 199\r\n',
      'x-envoy-fault-abort-request: 600\r\n',
      'x-envoy-fault-abort-request: -1\r\n',
      'x-envoy-fault-abort-request: 5e2\r\n',
      'x-envoy-fault-abort-request: 503\r\nx-envoy-fault-abort-request-percentage: 0\r\n',
      'x-envoy-fault-delay-request: 9999999999\r\n',
      'x-envoy-fault-delay-request: 300001\r\n',
    ])('goes on for %j', (block) => {
      expect(setUp({ abort: header, delay: header }).ask(block)).toBeNull();
    });

    it('holds it up for as long as it asks', () => {
      const { ask, pass } = setUp({ delay: header });
      const { outcomes } = wait(ask('x-envoy-fault-delay-request: 50\r\n'));
      pass(70);
      expect(outcomes).toEqual([null]);
    });

    it('gives it no larger share than the rule does', () => {
      const { ask } = setUp({ abort: { kind: 'header', share: none } });
      expect(ask('x-envoy-fault-abort-request: 503\r\nx-envoy-fault-abort-request-percentage: 100\r\n')).toBeNull();
    });
  });
});
