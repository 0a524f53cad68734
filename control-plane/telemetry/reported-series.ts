import { addSparseBuckets } from '../../proto/histogram.ts';
import type { Output } from '../../proto/load.ts';
import { PASSTHROUGH_CLUSTER, parseServiceHost, serviceHost } from '../../proto/names.ts';
import type { CountedBy } from './telemetry-source.ts';

/** A sidecar that reports, as its certificate says. */
export interface ReportingSidecar {
  /** SPIFFE id. */
  readonly identity: string;
  readonly namespace: string;
  /** Null when its certificate allows every service of the namespace. */
  readonly service: string | null;
}

/** What tells one series of the mesh from another; empty strings stand for what is not known. */
export interface SeriesLabels {
  readonly reporter: CountedBy;
  readonly source: ReportedEnd;
  readonly destination: ReportedEnd;
  readonly route: string;
  /** What was called, where the destination is all that is outside; '' where it is another, and where nobody said. */
  readonly host: string;
  /** The caller's sidecar has answered by itself. */
  readonly isUnsent: boolean;
  /** 0: the client went away before there was an answer. */
  readonly responseCode: number;
  /** -1 where the request was no gRPC call, or nobody said how it ended. */
  readonly grpcStatus: number;
  /** Envoy's flag, `-` for none. */
  readonly responseFlags: string;
  readonly protocol: string;
  readonly isMutualTls: boolean;
}

export interface ReportedEnd {
  readonly workload: string;
  readonly namespace: string;
  readonly service: string;
  readonly version: string;
  /** SPIFFE id. */
  readonly principal: string;
}

/** What was counted in some span of time. */
export interface Counts {
  count: number;
  requestBytes: number;
  responseBytes: number;
  /** Pairs of latency bucket and count, ascending. */
  latency: readonly number[];
  /** Null where requests are counted. Else there are none, and the bytes are those of the connections. */
  connections: ConnectionCounts | null;
}

/** TCP connections of some span of time. */
export interface ConnectionCounts {
  readonly opened: number;
  readonly closed: number;
  /** At its end. */
  readonly open: number;
}

export interface ReportedSeries {
  readonly labels: SeriesLabels;
  readonly counts: Counts;
}

/** `foreign`: about somebody else than the one who reports; `invalid`: not what a sidecar sends. */
export type Refusal = { readonly refused: 'foreign' | 'invalid'; readonly reason: string };

/** Kubernetes' longest name; hosts and routes fit. */
const maxLabelLength = 253;
/** SPIFFE-ID, section 2.3. */
const maxPrincipalLength = 2048;

/**
 * One series of a report, checked. A sidecar counts at its own end and nowhere else: the source of what it sent, the
 * destination of what it received. What it says of the other end is its word, and is shown as such.
 */
export function readSeries(message: Output<'heddle.v1.Series'>, sidecar: ReportingSidecar): ReportedSeries | Refusal {
  const invalid = faultOf(message);
  if (invalid !== null) return { refused: 'invalid', reason: invalid };
  const foreign = foreignEnd(message, sidecar);
  if (foreign !== null) return { refused: 'foreign', reason: foreign };
  const latency: number[] = [];
  let bucket = 0;
  for (const [i, distance] of (message.latency_us?.index ?? []).entries()) {
    bucket += distance;
    latency.push(bucket, Number(message.latency_us?.count[i]));
  }
  return {
    labels: labelsOf(message),
    counts: {
      count: Number(message.count),
      requestBytes: Number(message.request_bytes),
      responseBytes: Number(message.response_bytes),
      latency,
      connections: connectionsOf(message),
    },
  };
}

function connectionsOf(message: Output<'heddle.v1.Series'>): ConnectionCounts | null {
  if (message.protocol !== 'tcp') return null;
  const { connections_opened: opened, connections_closed: closed, connections_open: open } = message;
  return { opened: Number(opened), closed: Number(closed), open: Number(open) };
}

function faultOf(message: Output<'heddle.v1.Series'>): string | null {
  const { reporter, count, request_bytes, response_bytes, response_code, latency_us } = message;
  if (reporter !== 'SOURCE' && reporter !== 'DESTINATION') return 'reporter must be SOURCE or DESTINATION';
  if (!isCount(count) || !isCount(request_bytes) || !isCount(response_bytes)) return 'a count is out of range';
  const connections = [message.connections_opened, message.connections_closed, message.connections_open];
  if (!connections.every(isCount)) return 'a count is out of range';
  if (message.protocol === 'tcp' && Number(count) > 0) return 'there are no requests over tcp';
  if (message.protocol !== 'tcp' && connections.some((each) => Number(each) > 0)) return 'only tcp counts connections';
  if (response_code > 999) return `${response_code} is no status`;
  if (!/^([0-9]|1[0-6])?$/.test(message.grpc_response_status)) {
    return `${message.grpc_response_status.slice(0, 40)} is no gRPC status`;
  }
  for (const [name, value] of Object.entries(message)) {
    const max = name.endsWith('_principal') ? maxPrincipalLength : maxLabelLength;
    if (typeof value === 'string' && value.length > max) return `${name} has more than ${max} characters`;
  }
  const latencies: number[] = [];
  const fault = addSparseBuckets(latencies, latency_us?.index ?? [], latency_us?.count ?? []);
  if (fault !== null) return `latency: ${fault}`;
  const timed = latencies.reduce((sum, each) => sum + each, 0);
  return timed === Number(count) ? null : `${timed} latencies of ${count} requests`;
}

function isCount(text: string): boolean {
  return Number.isSafeInteger(Number(text)) && Number(text) >= 0;
}

function foreignEnd(message: Output<'heddle.v1.Series'>, sidecar: ReportingSidecar): string | null {
  const { identity, namespace, service } = sidecar;
  const isSource = message.reporter === 'SOURCE';
  const own = isSource
    ? { namespace: message.source_namespace, principal: message.source_principal, service: message.source_service }
    : {
        namespace: message.destination_namespace,
        principal: message.destination_principal,
        service: message.destination_service,
      };
  if (own.namespace !== namespace) return `${identity} reports for namespace ${own.namespace}`;
  if (own.principal !== '' && own.principal !== identity) return `${identity} reports as ${own.principal}`;
  if (service === null) return null;
  const expected = isSource ? service : serviceHost(service, namespace);
  return own.service === expected ? null : `${identity} reports for service ${own.service}`;
}

function labelsOf(message: Output<'heddle.v1.Series'>): SeriesLabels {
  const host = message.destination_service;
  const destination = parseServiceHost(host) ?? { name: host, namespace: message.destination_namespace };
  return {
    reporter: message.reporter === 'SOURCE' ? 'source' : 'destination',
    source: {
      workload: message.source_workload,
      namespace: message.source_namespace,
      service: message.source_service,
      version: message.source_version,
      principal: message.source_principal,
    },
    destination: {
      workload: message.destination_workload,
      namespace: destination.namespace,
      service: destination.name,
      version: message.destination_version,
      principal: message.destination_principal,
    },
    route: message.route,
    host: destination.name === PASSTHROUGH_CLUSTER ? message.host : '',
    isUnsent: message.unsent,
    responseCode: message.response_code,
    grpcStatus: message.grpc_response_status === '' ? -1 : Number(message.grpc_response_status),
    responseFlags: message.response_flags,
    protocol: message.protocol,
    isMutualTls: message.mutual_tls,
  };
}

/** Flags of requests that failed through no fault of the service: the client went away, or sent no HTTP. */
const clientFlags: ReadonlySet<string> = new Set(['-', '', 'DC', 'DPE']);

/**
 * gRPC statuses that are the service's fault: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
 *
 * Source: OpenTelemetry, semantic conventions for gRPC, span status of servers.
 */
const failedCalls: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** Answered below 500, no gRPC call that failed, and not answered by the mesh in place of the service. */
export function isSuccess({ responseCode, grpcStatus, responseFlags }: SeriesLabels): boolean {
  return responseCode < 500 && !failedCalls.has(grpcStatus) && clientFlags.has(responseFlags);
}

/** Flags of requests for which there never was a connection to anybody; a fault that aborts answers in place of the service. */
const unreachedFlags: ReadonlySet<string> = new Set(['UH', 'UF', 'UO', 'NR', 'NC', 'LR', 'RL', 'FI']);

/** A caller could bring it to nobody. What a rule of its own has answered is none of these. */
export function isUnreached({ reporter, responseFlags }: SeriesLabels): boolean {
  return reporter === 'source' && unreachedFlags.has(responseFlags);
}

/** There was nobody at the other end, or nobody was asked: nothing that the caller says about that end was seen. */
export function isAnsweredByCaller(labels: SeriesLabels): boolean {
  return isUnreached(labels) || (labels.reporter === 'source' && labels.isUnsent);
}
