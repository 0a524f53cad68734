import type { EventKind, MeshEvent } from './mesh-event.ts';

type Told = Omit<MeshEvent, 'id' | 'subject' | 'message' | 'tone'>;

/** Who it is about: an instance, or a caller and whom it calls. */
export function subjectOf(event: Told): string {
  const { kind, workload, upstreamUrl, reporter, service } = event;
  if (aboutInstance.has(kind)) return workload || upstreamUrl;
  const own = reporter.workload || reporter.service;
  if (aboutItself.has(kind)) return own;
  const where =
    service === null ? event.cluster : service.version ? `${service.name}-${service.version}` : service.name;
  const suffix = service !== null && service.namespace !== reporter.namespace ? `.${service.namespace}` : '';
  return `${own}→${where}${suffix}`;
}

/** What happened and why, in words. */
export function messageOf(event: Told): string {
  const times = event.count > 1 ? ` · ${event.count} times` : '';
  return texts[event.kind](event) + times;
}

export const toneOf: Readonly<Record<EventKind, MeshEvent['tone']>> = {
  EJECT: 'bad',
  UNEJECT: 'good',
  EJECT_UNHEALTHY: 'bad',
  ADD_HEALTHY: 'good',
  CIRCUIT_OPEN: 'bad',
  CIRCUIT_CLOSED: 'good',
  CONCURRENCY_LIMIT_REACHED: 'bad',
  CONCURRENCY_LIMIT_LEFT: 'good',
  ADMISSION_DENIED: 'bad',
  ADMISSION_RESTORED: 'good',
  FAULT_BEGAN: 'warning',
  FAULT_ENDED: 'good',
  PANIC_ENTERED: 'bad',
  PANIC_LEFT: 'good',
  FALLBACK_BEGAN: 'warning',
  FALLBACK_ENDED: 'good',
  CLIENT_CERTIFICATE_UNUSABLE: 'bad',
  CLIENT_CERTIFICATE_USABLE: 'good',
};

const aboutInstance: ReadonlySet<EventKind> = new Set<EventKind>([
  'EJECT',
  'UNEJECT',
  'EJECT_UNHEALTHY',
  'ADD_HEALTHY',
]);
const aboutItself: ReadonlySet<EventKind> = new Set<EventKind>([
  'CONCURRENCY_LIMIT_REACHED',
  'CONCURRENCY_LIMIT_LEFT',
  'CLIENT_CERTIFICATE_UNUSABLE',
  'CLIENT_CERTIFICATE_USABLE',
]);

const texts: Readonly<Record<EventKind, (event: Told) => string>> = {
  EJECT: ({ durationMs, detail, cause, reporter }) =>
    `ejected ${lasting(durationMs)}: ${detail || cause} (outlier detection of ${reporter.workload})`,
  UNEJECT: ({ durationMs, cause }) =>
    `back after ${lasting(durationMs)}${cause === 'health-check' ? ': a health check has passed' : ''}`,
  EJECT_UNHEALTHY: ({ detail, cause, reporter }) =>
    `fails its health checks: ${detail || cause} (asked by ${reporter.workload})`,
  ADD_HEALTHY: ({ reporter }) => `passes its health checks (asked by ${reporter.workload})`,
  CIRCUIT_OPEN: (event) => `circuit OPEN: ${usedUp(event)}, ${refused(event)} (UO)`,
  CIRCUIT_CLOSED: (event) => `circuit closed after ${lasting(event.durationMs)}, ${refused(event)}`,
  CONCURRENCY_LIMIT_REACHED: (event) => `takes no more requests at a time (adaptive concurrency), ${refused(event)}`,
  CONCURRENCY_LIMIT_LEFT: (event) => `takes all requests again after ${lasting(event.durationMs)}, ${refused(event)}`,
  ADMISSION_DENIED: (event) => `requests held back, too many fail (admission control), ${refused(event)}`,
  ADMISSION_RESTORED: (event) => `requests no longer held back after ${lasting(event.durationMs)}, ${refused(event)}`,
  FAULT_BEGAN: ({ durationMs }) => `fault injected${durationMs > 0 ? `, for ${lasting(durationMs)} more` : ''}`,
  FAULT_ENDED: ({ cause, durationMs, requests }) =>
    `no more faults${cause === 'expired' ? ', their time is over' : ''}: ${requestCount(requests)} in ${lasting(durationMs)}`,
  PANIC_ENTERED: () => 'PANIC: too few instances are well, requests go to all of them',
  PANIC_LEFT: ({ durationMs }) => `panic over after ${lasting(durationMs)}`,
  FALLBACK_BEGAN: () => 'the fallback serves what cannot be sent',
  FALLBACK_ENDED: ({ durationMs, requests }) =>
    `the fallback is not needed any more: ${requestCount(requests)} in ${lasting(durationMs)}`,
  CLIENT_CERTIFICATE_UNUSABLE: ({ detail, cause }) =>
    `cannot show its certificate to a host outside the mesh: ${detail || cause}`,
  CLIENT_CERTIFICATE_USABLE: ({ cause }) => `can show ${cause || 'its certificate'} again`,
};

/** `20/20 connections busy`: a circuit refuses only what is beyond all that there is. */
function usedUp({ cause, limit }: Told): string {
  if (cause === 'connections') return `${limit}/${limit} connections busy`;
  return `${limit}/${limit} requests ${cause === 'pending' ? 'waiting' : 'in flight'}`;
}

function refused({ requests }: Told): string {
  return `${requestCount(requests)} refused`;
}

function requestCount(count: number): string {
  return count === 1 ? '1 request' : `${count} requests`;
}

/** `400 ms`, `30 s`, `2m05s`, `1h02m`, `3 days`. */
export function lasting(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  const two = (value: number) => String(value).padStart(2, '0');
  if (minutes >= 2880) return `${Math.floor(minutes / 1440)} days`;
  return minutes < 60 ? `${minutes}m${two(seconds % 60)}s` : `${Math.floor(minutes / 60)}h${two(minutes % 60)}m`;
}
