import type { Output } from '../../proto/load.ts';
import { parseClusterName, parseServiceHost } from '../../proto/names.ts';
import { messageOf, subjectOf, toneOf } from './event-text.ts';
import type { EventKind, EventRule, EventService, MeshEvent, RuleOf } from './mesh-event.ts';
import { sectionOf } from './mesh-event.ts';
import type { Refusal, ReportingSidecar } from './reported-series.ts';

type Message = Output<'heddle.v1.Event'>;

/** An event that has no number yet. */
export type NewEvent = Omit<MeshEvent, 'id'>;

const maxNameLength = 253;
/** Longer words are cut: what an application answers to a health check may be among them. */
const maxDetailLength = 200;

/**
 * One event of a report, checked, with the document that asks for it. A sidecar tells what it does itself; what it says of
 * others is its word, and stands under its name.
 */
export function readEvent(message: Message, { sidecar, workload, nowMs, ruleOf }: EventContext): NewEvent | Refusal {
  const fault = faultOf(message, workload);
  if (fault !== null) return { refused: 'invalid', reason: fault };
  const kind = message.kind as EventKind; // faultOf has seen to it
  const reporter = {
    workload,
    namespace: sidecar.namespace,
    service: sidecar.service ?? '',
    identity: sidecar.identity,
  };
  const service = serviceOf(message.cluster_name, reporter);
  const section = sectionOf[kind];
  const told = {
    time: timeOf(message.timestamp_ms, nowMs),
    lastTime: timeOf(message.last_ms, nowMs),
    count: message.count,
    kind,
    reporter,
    service,
    cluster: message.cluster_name,
    upstreamUrl: message.upstream_url,
    workload: message.workload,
    cause: message.cause,
    numEjections: message.num_ejections,
    durationMs: Number(message.duration_ms),
    limit: Number(message.limit),
    requests: Number(message.requests),
    detail: printable(message.detail).slice(0, maxDetailLength),
    rule: section === null ? writtenRule(message.rule) : service === null ? null : ruleOf(service, section),
  };
  return { ...told, subject: subjectOf(told), message: messageOf(told), tone: toneOf[kind] };
}

/** What is known beside the event itself. */
export interface EventContext {
  readonly sidecar: ReportingSidecar;
  readonly workload: string;
  readonly nowMs: number;
  readonly ruleOf: RuleOf;
}

function faultOf(message: Message, workload: string): string | null {
  if (!(message.kind in sectionOf)) return 'an event has no kind';
  const { cluster_name, upstream_url, cause, rule } = message;
  for (const name of [workload, cluster_name, upstream_url, message.workload, cause]) {
    if (name.length > maxNameLength || name !== printable(name)) return 'a name in an event is too long, or none';
  }
  if (rule.length > 1024) return 'the rule of an event is too long';
  const { timestamp_ms, last_ms, duration_ms, limit, requests } = message;
  const areCounts = [timestamp_ms, last_ms, duration_ms, limit, requests].map(Number).every(Number.isSafeInteger);
  return areCounts && message.count > 0 ? null : 'a number in an event is out of range';
}

/** A clock that is ahead counts as now. */
function timeOf(ms: string, nowMs: number): string {
  return new Date(Math.min(Number(ms), nowMs)).toISOString();
}

/** The destination; of what is about the application behind the sidecar that is its own service. */
function serviceOf(cluster: string, reporter: MeshEvent['reporter']): EventService | null {
  const target = parseClusterName(cluster);
  if (target === null) return null;
  if (target.direction === 'inbound') {
    const { service: name, namespace } = reporter;
    return name === '' ? null : { name, namespace, version: '', port: target.port };
  }
  const host = parseServiceHost(target.host);
  return host === null ? null : { ...host, version: target.subset, port: target.port };
}

/** `FaultInjection/default/slow (faults.yaml:3)` */
function writtenRule(text: string): EventRule | null {
  const match = /^([^\s()]+)(?: \((.+):(\d{1,7})\))?$/.exec(printable(text));
  if (match === null) return null;
  return { document: match[1] as string, file: match[2] ?? '', line: Number(match[3] ?? 0) };
}

/** Without what a terminal would obey. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ');
}
