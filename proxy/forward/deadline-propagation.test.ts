import { describe, expect, it } from 'vitest';
import { OutgoingRequest } from '../message-head.ts';
import { DeadlinePropagation } from './deadline-propagation.ts';

/** What an attempt is told that begins so long after its request, whose head says 5 s for a call. */
function told(propagation: DeadlinePropagation, elapsedMs: number, leftMs: number = Number.POSITIVE_INFINITY) {
  const request = Object.assign(new OutgoingRequest(), { block: 'grpc-timeout: 5S\r\na: b\r\n' });
  propagation.tell(request, 1000 + elapsedMs, leftMs);
  return request.block + request.attemptBlock;
}

function begun(): DeadlinePropagation {
  const propagation = new DeadlinePropagation();
  propagation.begin(1000);
  return propagation;
}

describe('DeadlinePropagation', () => {
  it('has nothing to tell of a request without bounds', () => {
    const propagation = begun();
    propagation.bound(0, 0);
    expect(propagation.isNeeded).toBe(false);
  });

  it('tells each attempt the time of a try, or what is left of all of it', () => {
    const propagation = begun();
    propagation.bound(1000, 400);
    expect(propagation.isNeeded).toBe(true);
    expect(told(propagation, 0)).toContain('x-envoy-expected-rq-timeout-ms: 400\r\n');
    expect(told(propagation, 800, 200)).toContain('x-envoy-expected-rq-timeout-ms: 200\r\n');
  });

  it('tells all of it while nothing of it is used up, however long ago the request began', () => {
    const propagation = begun();
    propagation.bound(1000, 0);
    expect(told(propagation, 5000)).toContain('x-envoy-expected-rq-timeout-ms: 1000\r\n');
    expect(told(propagation, 5000, 1010)).toContain('x-envoy-expected-rq-timeout-ms: 1000\r\n');
  });

  it('leaves what a caller of gRPC says as it is while it is true', () => {
    const propagation = begun();
    propagation.bound(0, 0);
    propagation.boundCall(5000, false);
    expect(propagation.isNeeded).toBe(true);
    expect(told(propagation, 0)).toBe('grpc-timeout: 5S\r\na: b\r\n');
    expect(told(propagation, 1200)).toBe('a: b\r\ngrpc-timeout: 3800m\r\n');
  });

  it('says at once what a call may take where its route allows less', () => {
    const propagation = begun();
    propagation.bound(0, 0);
    propagation.boundCall(2000, true);
    expect(told(propagation, 0)).toBe('a: b\r\ngrpc-timeout: 2000m\r\n');
  });

  it('forgets the call with the next request', () => {
    const propagation = begun();
    propagation.boundCall(2000, true);
    propagation.begin(1000);
    propagation.bound(0, 0);
    expect(propagation.isNeeded).toBe(false);
  });
});
