import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RequestHead } from '../message-head.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { Activity } from '../telemetry/activity.ts';
import type { FaultConfig } from './fault-filter.ts';
import { FaultFilter, noFaults } from './fault-filter.ts';
import type { FilterPace, FilterVerdict } from './request-filter.ts';

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
      responseRate: null,
      headers: [],
      maxActive: 10,
      untilMs: 1000,
      rule: 'FaultInjection/default/f',
      ...config,
    },
    { wheel, faults, random, now: () => clock.nowMs, wallClockMs: () => clock.nowMs },
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
  const outcomes: FilterVerdict[] = [];
  const cancel = verdict.start((answer) => outcomes.push(answer));
  return { outcomes, cancel };
}

function pace(verdict: FilterVerdict): FilterPace {
  if (verdict?.kind !== 'pace') throw new Error(`not a pace: ${JSON.stringify(verdict)}`);
  return verdict;
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

  it('slows the answer down, and counts the request until it is over', () => {
    const { ask, faults } = setUp({ responseRate: { kind: 'fixed', bytes: 2000, share: all } });
    const { request, response, trailerPrefix, release } = pace(ask());
    expect([request, response?.bandwidth.take(9999), trailerPrefix]).toEqual([null, 100, null]);
    expect(faults).toMatchObject({ responseRlInjected: 1, activeFaults: 1, delaysInjected: 0 });
    release?.();
    expect(faults).toMatchObject({ responseRlInjected: 1, activeFaults: 0 });
  });

  it('has a rate for each answer', () => {
    const { ask } = setUp({ responseRate: { kind: 'fixed', bytes: 2000, share: all } });
    for (let answer = 0; answer < 3; answer++) expect(pace(ask()).response?.bandwidth.take(9999)).toBe(100);
  });

  it('slows down behind the delay, as one active fault', () => {
    const {
      ask,
      pass: advance,
      faults,
    } = setUp({
      delay: { kind: 'fixed', ms: 100, share: all },
      responseRate: { kind: 'fixed', bytes: 2000, share: all },
    });
    const { outcomes } = wait(ask());
    expect(faults).toMatchObject({ responseRlInjected: 1, delaysInjected: 1, activeFaults: 1 });
    advance(120);
    expect(faults.activeFaults).toBe(1);
    pace(outcomes[0] ?? null).release?.();
    expect(faults.activeFaults).toBe(0);
  });

  it('slows down nothing that it aborts', () => {
    const {
      ask,
      pass: advance,
      faults,
    } = setUp({
      abort: { kind: 'status', status: 500, share: all },
      responseRate: { kind: 'fixed', bytes: 2000, share: all },
    });
    expect(ask()).toMatchObject({ kind: 'answer', status: 500 });
    const delayed = setUp({
      delay: { kind: 'fixed', ms: 100, share: all },
      abort: { kind: 'status', status: 500, share: all },
      responseRate: { kind: 'fixed', bytes: 2000, share: all },
    });
    const { outcomes } = wait(delayed.ask());
    delayed.pass(120);
    advance(120);
    expect(outcomes).toMatchObject([{ kind: 'answer' }]);
    expect([faults.activeFaults, delayed.faults.activeFaults]).toEqual([0, 0]);
  });

  it('counts slow answers among those that it may hold up', () => {
    const { ask, faults } = setUp({ responseRate: { kind: 'fixed', bytes: 2000, share: all }, maxActive: 2 });
    const first = pace(ask());
    pace(ask());
    expect(ask()).toBeNull();
    expect(faults).toMatchObject({ faultsOverflow: 1, responseRlInjected: 2 });
    first.release?.();
    pace(ask());
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
      'x-envoy-fault-throughput-response: 0\r\n',
      'x-envoy-fault-throughput-response: 1.5\r\n',
      'x-envoy-fault-throughput-response: 1000000000\r\n',
      'x-envoy-fault-throughput-response-percentage: 100\r\n',
      'x-envoy-fault-throughput-response: 1\r\nx-envoy-fault-throughput-response-percentage: 0\r\n',
    ])('goes on for %j', (block) => {
      expect(setUp({ abort: header, delay: header, responseRate: header }).ask(block)).toBeNull();
    });

    it('holds it up for as long as it asks', () => {
      const { ask, pass } = setUp({ delay: header });
      const { outcomes } = wait(ask('x-envoy-fault-delay-request: 50\r\n'));
      pass(70);
      expect(outcomes).toEqual([null]);
    });

    it('slows its answer down to as many KiB a second as it asks', () => {
      const { ask } = setUp({ responseRate: header });
      expect(pace(ask('x-envoy-fault-throughput-response: 20\r\n')).response?.bandwidth.take(9999)).toBe(1024);
    });

    it('heeds no header where the rule says what happens', () => {
      const { ask } = setUp({ responseRate: { kind: 'fixed', bytes: 2000, share: none } });
      expect(ask('x-envoy-fault-throughput-response: 20\r\n')).toBeNull();
    });

    it.each([
      ['abort-request', { abort: header }, '503'],
      ['delay-request', { delay: header }, '100'],
      ['throughput-response', { responseRate: header }, '10'],
    ])('takes the smaller share for %s', (name, config, value) => {
      let draw = 0.3;
      const ask = (percentage: number, limit: number) =>
        setUp(
          Object.fromEntries(
            Object.keys(config).map((fault) => [
              fault,
              { kind: 'header', share: { numerator: limit, denominator: 100 } },
            ]),
          ),
          () => draw,
        ).ask(`x-envoy-fault-${name}: ${value}\r\nx-envoy-fault-${name}-percentage: ${percentage}\r\n`);
      expect([ask(50, 50), ask(31, 100), ask(100, 31)].map((verdict) => verdict !== null)).toEqual([true, true, true]);
      expect([ask(30, 50), ask(100, 30)]).toEqual([null, null]);
      draw = 0.999;
      expect(ask(100, 99)).toBeNull();
    });

    it('gives it no larger share than the rule does', () => {
      const { ask } = setUp({ abort: { kind: 'header', share: none } });
      expect(ask('x-envoy-fault-abort-request: 503\r\nx-envoy-fault-abort-request-percentage: 100\r\n')).toBeNull();
    });
  });
});
