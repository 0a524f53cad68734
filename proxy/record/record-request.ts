import type { WorkloadName } from '../../proto/names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import { splitAuthority } from '../cluster/passthrough.ts';
import { failures, responseFlag } from '../failure.ts';
import type { DownstreamPeer, FinishedExchange, Recorder } from '../forward/forward-environment.ts';
import { headerValue } from '../message-head.ts';
import type { Route } from '../route/route.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import { newAccessLogEntry } from '../telemetry/access-log-line.ts';
import { outcomeCode } from '../telemetry/outcome-code.ts';
import type { RequestSeries } from '../telemetry/request-series.ts';
import type { DestinationLabels, SeriesLabels } from '../telemetry/series-labels.ts';
import type { SeriesRegistry } from '../telemetry/series-registry.ts';
import type { DownstreamRequests } from '../telemetry/traffic-stats.ts';
import type { OutsideHosts } from './outside-hosts.ts';
import {
  callerLabels,
  destinationLabels,
  isOutside,
  leadsNowhere,
  serviceOfHost,
  WorkloadLabels,
} from './traffic-labels.ts';

export interface RequestRecorderOptions {
  readonly registry: SeriesRegistry;
  /** The workload whose sidecar this is. */
  readonly own: Pick<WorkloadName, 'name' | 'namespace' | 'service' | 'version'>;
  /** Its SPIFFE id; empty before it has one. */
  readonly principal: () => string;
  /** Names of what is outside, those of connections among them. */
  readonly hosts: OutsideHosts;
  /** Null when the access log is off. */
  readonly accessLog: AccessLog | null;
  /** Milliseconds since the epoch, for the access log. */
  readonly wallClock?: () => number;
}

/** Routes whose series an endpoint remembers: those of configurations that are gone pile up until then. */
const maxRoutesPerEndpoint = 64;
/** Services whose unrouted requests are remembered. */
const maxServices = 1024;
/** Series of callers that are remembered; beyond, all are looked up again. */
const maxCallers = 4096;

/**
 * Hot loop: bench/record/record-request.ts.
 *
 * Counts every request, in either direction, and writes it into the access log. The series is found once for each pair
 * of endpoint and route, or for each caller, and kept; from then on a request costs a look-up.
 */
export class RequestRecorder implements Recorder {
  readonly #options: RequestRecorderOptions;
  readonly #labels: WorkloadLabels;
  readonly #wallClock: () => number;
  readonly #entry = newAccessLogEntry();
  /** By the caller's SPIFFE id, then by what it says of itself. */
  readonly #callers = new Map<string, Map<string, RequestSeries>>();
  readonly #grpcCallers = new Map<string, Map<string, RequestSeries>>();
  #callerCount = 0;
  readonly #inbound = { direction: 'inbound' as const, total: 0, byClass: [0, 0, 0, 0, 0, 0] };
  readonly #outbound = { direction: 'outbound' as const, total: 0, byClass: [0, 0, 0, 0, 0, 0] };
  /** For requests that never had an endpoint; by cluster, where there was one, and route. */
  readonly #unreached = new WeakMap<object, Map<object, RequestSeries>>();
  readonly #unreachedCalls = new WeakMap<object, Map<object, RequestSeries>>();
  /** For those that no route took; by the service whose routes they were. */
  readonly #unrouted = new Map<string, RequestSeries>();
  readonly #unroutedCalls = new Map<string, RequestSeries>();

  constructor(options: RequestRecorderOptions) {
    this.#options = options;
    this.#labels = new WorkloadLabels(options.own, options.principal);
    this.#wallClock = options.wallClock ?? Date.now;
  }

  /** All requests so far, by direction. */
  get downstream(): readonly DownstreamRequests[] {
    return [this.#inbound, this.#outbound];
  }

  record(exchange: FinishedExchange): void {
    const { environment } = exchange;
    const elapsedMs = exchange.endedAtMs - exchange.startedAtMs;
    const isOutbound = environment.direction === 'outbound';
    const requests = isOutbound ? this.#outbound : this.#inbound;
    const statusClass = Math.floor(exchange.status / 100);
    requests.total++;
    requests.byClass[statusClass] = (requests.byClass[statusClass] ?? 0) + 1;
    const series = isOutbound ? this.#outboundSeries(exchange) : this.#inboundSeries(exchange);
    series.record(
      outcomeCode(exchange.status, exchange.grpcStatus),
      responseFlag(exchange.failure),
      elapsedMs,
      exchange.requestBytes,
      exchange.responseBytes,
    );
    const { accessLog } = this.#options;
    if (accessLog !== null) this.#log(accessLog, exchange, elapsedMs);
  }

  #outboundSeries(exchange: FinishedExchange): RequestSeries {
    const { head, endpoint, route, cluster } = exchange;
    if (route === null) return this.#unroutedSeries(exchange);
    if (endpoint === null) return this.#unreachedSeries(exchange, route);
    const byRoute = head.isGrpc ? endpoint.grpcSeries : endpoint.series;
    const known = byRoute.get(route);
    if (known !== undefined) return known;
    return isOutside(cluster)
      ? this.#outsideSeries(exchange, route)
      : this.#addOutbound(endpoint, route, cluster, head.isGrpc);
  }

  /** Several hosts may have one address, so their endpoint keeps no series of them. */
  #outsideSeries({ cluster, endpoint, head }: FinishedExchange, route: Route<Cluster>): RequestSeries {
    return this.#options.registry.series({
      reporter: 'source',
      source: this.#labels.ownSource(false),
      destination: destinationLabels(cluster, endpoint),
      route: route.name,
      host: this.#options.hosts.labelOf(splitAuthority(head.authority).host),
      isUnsent: endpoint === null,
      protocol: protocolOf(head.isGrpc),
      isMutualTls: false,
    });
  }

  #addOutbound(endpoint: Endpoint, route: Route<Cluster>, cluster: Cluster | null, isGrpc: boolean): RequestSeries {
    const { isMeshed } = endpoint.config;
    const series = this.#options.registry.series({
      reporter: 'source',
      source: this.#labels.ownSource(isMeshed),
      destination: destinationLabels(cluster, endpoint),
      route: route.name,
      host: '',
      isUnsent: false,
      protocol: protocolOf(isGrpc),
      isMutualTls: isMeshed,
    });
    const byRoute = isGrpc ? endpoint.grpcSeries : endpoint.series;
    if (byRoute.size >= maxRoutesPerEndpoint) byRoute.clear();
    byRoute.set(route, series);
    return series;
  }

  #unreachedSeries(exchange: FinishedExchange, route: Route<Cluster>): RequestSeries {
    const { cluster, head, environment } = exchange;
    if (isOutside(cluster)) return this.#outsideSeries(exchange, route);
    const unreached = head.isGrpc ? this.#unreachedCalls : this.#unreached;
    const byRoute = unreached.get(cluster ?? this) ?? new Map<object, RequestSeries>();
    let series = byRoute.get(route);
    if (series === undefined) {
      const destination = leadsNowhere(cluster)
        ? serviceOfHost(environment.routes.serviceOf(head))
        : destinationLabels(cluster, null);
      series = this.#toNobody(destination, route.name, head.isGrpc);
      if (byRoute.size >= maxRoutesPerEndpoint) byRoute.clear();
      byRoute.set(route, series);
      unreached.set(cluster ?? this, byRoute);
    }
    return series;
  }

  /** A host that nobody knows is no label: only one that has routes, which did not take the request. */
  #unroutedSeries({ head, failure, environment }: FinishedExchange): RequestSeries {
    const service = failure === 'noRoute' ? environment.routes.serviceOf(head) : '';
    const unrouted = head.isGrpc ? this.#unroutedCalls : this.#unrouted;
    let series = unrouted.get(service);
    if (series === undefined) {
      series = this.#toNobody(serviceOfHost(service), '', head.isGrpc);
      if (unrouted.size >= maxServices) unrouted.clear();
      unrouted.set(service, series);
    }
    return series;
  }

  #toNobody(destination: DestinationLabels, route: string, isGrpc: boolean): RequestSeries {
    return this.#options.registry.series({
      reporter: 'source',
      source: this.#labels.ownSource(false),
      destination,
      route,
      host: '',
      isUnsent: true,
      protocol: protocolOf(isGrpc),
      isMutualTls: false,
    });
  }

  #inboundSeries({ head, peer }: FinishedExchange): RequestSeries {
    const callers = head.isGrpc ? this.#grpcCallers : this.#callers;
    return callers.get(peer.principal)?.get(peer.metadata) ?? this.#addCaller(peer, head.isGrpc);
  }

  #addCaller({ principal, metadata }: DownstreamPeer, isGrpc: boolean): RequestSeries {
    const labels: SeriesLabels = {
      reporter: 'destination',
      source: callerLabels(principal, metadata),
      destination: this.#labels.ownDestination(principal !== ''),
      // an inbound listener has one route: it leads to the application
      route: 'default',
      host: '',
      isUnsent: false,
      protocol: protocolOf(isGrpc),
      isMutualTls: principal !== '',
    };
    const series = this.#options.registry.series(labels);
    if (this.#callerCount >= maxCallers) {
      this.#callers.clear();
      this.#grpcCallers.clear();
      this.#callerCount = 0;
    }
    const callers = isGrpc ? this.#grpcCallers : this.#callers;
    const bySelf = callers.get(principal) ?? new Map<string, RequestSeries>();
    callers.set(principal, bySelf.set(metadata, series));
    this.#callerCount++;
    return series;
  }

  #log(accessLog: AccessLog, exchange: FinishedExchange, elapsedMs: number): void {
    const { head, failure, endpoint, route, cluster, peer } = exchange;
    const entry = this.#entry;
    const isOutbound = exchange.environment.direction === 'outbound';
    const trace = headerValue(head.block, 'traceparent') ?? '';
    const isTrace = traceparentPattern.test(trace);
    entry.startTimeMs = this.#wallClock() - elapsedMs;
    entry.method = head.method;
    entry.path = head.path;
    entry.protocol = head.protocol;
    entry.responseCode = exchange.status;
    entry.responseFlags = responseFlag(exchange.failure);
    entry.responseCodeDetails = detailsOf(exchange);
    entry.upstreamTransportFailureReason = entry.responseFlags === 'UF' ? exchange.detail : '';
    entry.bytesReceived = exchange.requestBytes;
    entry.bytesSent = exchange.responseBytes;
    entry.durationMs = elapsedMs;
    entry.upstreamServiceTimeMs = exchange.respondedAtMs === 0 ? -1 : exchange.respondedAtMs - exchange.passedAtMs;
    entry.xForwardedFor = headerValue(head.block, 'x-forwarded-for') ?? '';
    entry.userAgent = headerValue(head.block, 'user-agent') ?? '';
    entry.requestId = head.requestId;
    entry.authority = head.authority;
    entry.upstreamHost = endpoint?.key ?? '';
    entry.upstreamCluster = cluster?.name ?? '';
    entry.downstreamRemoteAddress = peer.address;
    entry.routeName = route?.name ?? '';
    entry.traceId = isTrace ? trace.slice(3, 35) : '';
    entry.spanId = isTrace ? trace.slice(36, 52) : '';
    entry.peerIdentity = isOutbound ? verifiedIdentity(exchange) : peer.principal;
    entry.attempt = exchange.attempts;
    entry.reason = failure === null ? '' : `${failures[failure].title}${exchange.detail && `: ${exchange.detail}`}`;
    accessLog.write(entry);
  }
}

function protocolOf(isGrpc: boolean): SeriesLabels['protocol'] {
  return isGrpc ? 'grpc' : 'http';
}

/** W3C Trace Context, section 3.2.2, version 00 and what later versions keep of it. */
const traceparentPattern = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}/;

/** Envoy's `response_code_details`. */
function detailsOf({ failure, attempts, respondedAtMs }: FinishedExchange): string {
  if (failure !== null) return failures[failure].details;
  return respondedAtMs > 0 || attempts > 0 ? 'via_upstream' : 'direct_response';
}

/** Whom the mesh connection that carried the answer was verified to lead to. */
function verifiedIdentity({ endpoint, cluster, respondedAtMs }: FinishedExchange): string {
  const expected = cluster?.config.meshTls?.expectedIdentities ?? [];
  return respondedAtMs > 0 && endpoint?.config.isMeshed === true && expected.length === 1 ? (expected[0] ?? '') : '';
}
