import type { WorkloadName } from '../../proto/names.ts';
import { failures, responseFlag } from '../failure.ts';
import type { ForwardedConnection, TcpRecorder } from '../forward-tcp.ts';
import type { AccessLog } from '../telemetry/access-log.ts';
import { newAccessLogEntry } from '../telemetry/access-log-line.ts';
import type { TcpLabels, TcpRegistry, TcpSeries } from '../telemetry/tcp-registry.ts';
import type { OutsideHosts } from './outside-hosts.ts';
import { callerLabels, destinationLabels, isOutside, WorkloadLabels } from './traffic-labels.ts';

export interface ConnectionRecorderOptions {
  readonly registry: TcpRegistry;
  /** The workload whose sidecar this is. */
  readonly own: Pick<WorkloadName, 'name' | 'namespace' | 'service' | 'version'>;
  /** Its SPIFFE id; empty before it has one. */
  readonly principal: () => string;
  /** Names of what is outside, those of requests among them. */
  readonly hosts: OutsideHosts;
  /** Null when the access log is off. */
  readonly accessLog: AccessLog | null;
  /** Milliseconds since the epoch, for the access log. */
  readonly wallClock?: () => number;
}

/**
 * Counts TCP connections and their bytes, in either direction; the bytes while they move, since a connection may last for
 * days. Each has a line in the access log when it is over.
 */
export class ConnectionRecorder implements TcpRecorder {
  readonly #options: ConnectionRecorderOptions;
  readonly #labels: WorkloadLabels;
  readonly #wallClock: () => number;
  readonly #entry = newAccessLogEntry();
  readonly #open = new Map<ForwardedConnection, OpenCounts>();

  constructor(options: ConnectionRecorderOptions) {
    this.#options = options;
    this.#labels = new WorkloadLabels(options.own, options.principal);
    this.#wallClock = options.wallClock ?? Date.now;
  }

  opened(connection: ForwardedConnection): void {
    const series = this.#series(connection, '-');
    series.opened++;
    this.#open.set(connection, { series, sentBytes: 0, receivedBytes: 0 });
  }

  progress(connection: ForwardedConnection): void {
    const counts = this.#open.get(connection);
    if (counts === undefined) return;
    counts.series.sentBytes += connection.sentBytes - counts.sentBytes;
    counts.series.receivedBytes += connection.receivedBytes - counts.receivedBytes;
    counts.sentBytes = connection.sentBytes;
    counts.receivedBytes = connection.receivedBytes;
  }

  closed(connection: ForwardedConnection): void {
    const counts = this.#open.get(connection);
    if (counts === undefined) {
      const series = this.#series(connection, responseFlag(connection.failure));
      series.opened++;
      series.closed++;
    } else {
      this.progress(connection);
      counts.series.closed++;
      this.#open.delete(connection);
    }
    if (this.#options.accessLog !== null) this.#log(this.#options.accessLog, connection);
  }

  #series(connection: ForwardedConnection, flag: string): TcpSeries {
    return this.#options.registry.series(this.#labelsOf(connection), flag);
  }

  #labelsOf({ environment, cluster, endpoint, peer, serverName }: ForwardedConnection): TcpLabels {
    if (environment.direction === 'inbound') {
      const isMutualTls = peer.principal !== '';
      return {
        reporter: 'destination',
        source: callerLabels(peer.principal, peer.metadata),
        destination: this.#labels.ownDestination(isMutualTls),
        host: '',
        isMutualTls,
      };
    }
    const isMutualTls = endpoint?.config.isMeshed === true;
    return {
      reporter: 'source',
      source: this.#labels.ownSource(isMutualTls),
      destination: destinationLabels(cluster, endpoint),
      host: isOutside(cluster) ? this.#options.hosts.labelOf(serverName) : '',
      isMutualTls,
    };
  }

  #log(accessLog: AccessLog, connection: ForwardedConnection): void {
    const { environment, failure, detail, endpoint, cluster, route, peer } = connection;
    const entry = this.#entry;
    const isOutbound = environment.direction === 'outbound';
    const durationMs = environment.now() - connection.startedAtMs;
    entry.startTimeMs = this.#wallClock() - durationMs;
    entry.responseFlags = responseFlag(failure);
    entry.responseCodeDetails = failure === null ? '' : failures[failure].details;
    entry.upstreamTransportFailureReason = entry.responseFlags === 'UF' ? detail : '';
    entry.bytesReceived = connection.receivedBytes;
    entry.bytesSent = connection.sentBytes;
    entry.durationMs = durationMs;
    entry.upstreamServiceTimeMs = -1;
    entry.requestedServerName = connection.serverName;
    entry.upstreamHost = endpoint?.key ?? '';
    entry.upstreamCluster = cluster?.name ?? '';
    entry.downstreamRemoteAddress = peer.address;
    entry.routeName = route?.name ?? '';
    entry.peerIdentity = isOutbound ? destinationLabels(cluster, endpoint).principal : peer.principal;
    entry.attempt = connection.attempts;
    entry.reason = failure === null ? '' : `${failures[failure].title}${detail && `: ${detail}`}`;
    accessLog.write(entry);
  }
}

/** Where an open connection is counted, and how much of it already is. */
interface OpenCounts {
  readonly series: TcpSeries;
  sentBytes: number;
  receivedBytes: number;
}
