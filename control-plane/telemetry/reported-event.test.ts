import { describe, expect, it } from 'vitest';
import type { EventSection } from './mesh-event.ts';
import type { NewEvent } from './reported-event.ts';
import { readEvent } from './reported-event.ts';
import { eventMessageOf, webSidecar } from './testing/events.ts';

const rule = { document: 'BackendTrafficPolicy/default/cart', file: 'cart.yaml', line: 3 };

function read(said: Parameters<typeof eventMessageOf>[0], asked: EventSection[] = [], workload = 'web-1') {
  const ruleOf = (_service: unknown, section: EventSection) => {
    asked.push(section);
    return rule;
  };
  return readEvent(eventMessageOf(said), { sidecar: webSidecar, workload, nowMs: 5000, ruleOf });
}

const recommend = 'outbound|80|v2|recommend.shop.svc.cluster.local';

describe('readEvent', () => {
  it.each<[Parameters<typeof eventMessageOf>[0], string]>([
    [{}, 'cart-2: ejected 30 s: 5 × 5xx in a row (outlier detection of web-1)'],
    [{ count: 3, workload: '' }, '10.0.0.2:80: ejected 30 s: 5 × 5xx in a row (outlier detection of web-1) · 3 times'],
    [{ kind: 'UNEJECT', cause: 'time' }, 'cart-2: back after 30 s'],
    [{ kind: 'UNEJECT', cause: 'health-check' }, 'cart-2: back after 30 s: a health check has passed'],
    [
      { kind: 'EJECT_UNHEALTHY', cause: 'network', detail: 'connect ECONNREFUSED' },
      'cart-2: fails its health checks: connect ECONNREFUSED (asked by web-1)',
    ],
    [{ kind: 'ADD_HEALTHY' }, 'cart-2: passes its health checks (asked by web-1)'],
    [
      { kind: 'CIRCUIT_OPEN', cluster_name: recommend, cause: 'connections', limit: '20', requests: '14' },
      'web-1→recommend-v2.shop: circuit OPEN: 20/20 connections busy, 14 requests refused (UO)',
    ],
    [
      { kind: 'CIRCUIT_OPEN', cause: 'pending', limit: '1024', requests: '1' },
      'web-1→cart: circuit OPEN: 1024/1024 requests waiting, 1 request refused (UO)',
    ],
    [
      { kind: 'CIRCUIT_OPEN', cause: 'requests', limit: '5', requests: '2' },
      'web-1→cart: circuit OPEN: 5/5 requests in flight, 2 requests refused (UO)',
    ],
    [
      { kind: 'CIRCUIT_CLOSED', duration_ms: '125000', requests: '20' },
      'web-1→cart: circuit closed after 2m05s, 20 requests refused',
    ],
    [
      { kind: 'CONCURRENCY_LIMIT_REACHED', cluster_name: 'inbound|8080||', requests: '7' },
      'web-1: takes no more requests at a time (adaptive concurrency), 7 requests refused',
    ],
    [
      { kind: 'ADMISSION_DENIED', requests: '7' },
      'web-1→cart: requests held back, too many fail (admission control), 7 requests refused',
    ],
    [{ kind: 'FAULT_BEGAN', duration_ms: '120000' }, 'web-1→cart: fault injected, for 2m00s more'],
    [
      { kind: 'FAULT_ENDED', cause: 'expired', duration_ms: '3720000', requests: '9' },
      'web-1→cart: no more faults, their time is over: 9 requests in 1h02m',
    ],
    [{ kind: 'PANIC_ENTERED' }, 'web-1→cart: PANIC: too few instances are well, requests go to all of them'],
    [{ kind: 'FALLBACK_BEGAN' }, 'web-1→cart: the fallback serves what cannot be sent'],
  ])('says %j in words', (said, text) => {
    const { subject, message } = read(said) as NewEvent;
    expect(`${subject}: ${message}`).toBe(text);
  });

  it('finds the document by service and section; a fault says its own', () => {
    const asked: EventSection[] = [];
    expect(read({ kind: 'CIRCUIT_OPEN' }, asked)).toMatchObject({ rule });
    expect(read({ kind: 'FAULT_BEGAN', rule: 'FaultInjection/default/slow (my faults.yaml:3)' }, asked)).toMatchObject({
      rule: { document: 'FaultInjection/default/slow', file: 'my faults.yaml', line: 3 },
    });
    expect(read({ kind: 'FAULT_BEGAN', rule: 'FaultInjection/default/slow' }, asked)).toMatchObject({
      rule: { document: 'FaultInjection/default/slow', file: '', line: 0 },
    });
    expect(asked).toEqual(['circuitBreaker']);
  });

  it('takes a clock that is ahead for now, and nothing that a terminal would obey', () => {
    expect(read({ last_ms: '999999999', detail: `a\u001b[31m\nb\u202e${'x'.repeat(500)}` })).toMatchObject({
      lastTime: '1970-01-01T00:00:05.000Z',
      detail: expect.stringMatching(/^a \[31m b x{191}$/),
    });
  });

  it.each<[Parameters<typeof eventMessageOf>[0]]>([
    [{ kind: 'EVENT_UNSPECIFIED' }],
    [{ count: 0 }],
    [{ workload: 'x'.repeat(254) }],
    [{ cluster_name: 'a\nb' }],
    [{ cause: '\u001b[2J' }],
    [{ rule: 'x'.repeat(2000) }],
    [{ requests: '18446744073709551615' }],
  ])('refuses %j', (said) => expect(read(said)).toMatchObject({ refused: 'invalid' }));

  it('refuses a reporter with no name for a terminal', () => {
    expect(read({}, [], 'web\r1')).toMatchObject({ refused: 'invalid' });
  });
});
