import type { EjectionCause } from '../../proto/ejection-causes.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { EndpointConfig } from '../cluster/cluster-config.ts';
import type { Log } from '../log.ts';
import type { CheckOutcome } from '../resilience/health-check/health-record.ts';
import type { OutlierEvent } from '../resilience/outlier/outlier-detector.ts';
import type { OutlierRecord } from '../resilience/outlier/outlier-record.ts';
import type { OutlierSettings } from '../resilience/outlier/outlier-settings.ts';
import type { EventLog } from '../telemetry/event-log.ts';
import { trafficEvent } from '../telemetry/traffic-event.ts';
import type { ClientCertificateFiles } from '../tls/client-certificates.ts';

/**
 * Writes down what outlier detection did: a line of the log and an event. What it only would have done is a line for those
 * who look for it.
 */
export function tellOfOutlier(
  { log, events }: Told,
  { name: cluster, config, endpoints }: Cluster,
  record: OutlierRecord,
  event: OutlierEvent,
): void {
  const { name: upstream, ejections } = record;
  const about = { cluster, upstream, workload: workloadOf(endpoints, upstream), ejections };
  if (event.kind === 'returned') {
    const { by: cause, afterMs: durationMs } = event;
    log('info', 'an ejected endpoint is back', { cluster, endpoint: upstream, by: cause });
    events.record(trafficEvent('UNEJECT', Date.now(), { ...about, cause, durationMs }));
  } else if (event.isEnforced) {
    const { cause, forMs: durationMs } = event;
    const detail = config.outlierDetection === null ? '' : whyEjected(cause, config.outlierDetection, record);
    log('info', 'an endpoint is ejected: it kept failing', { cluster, endpoint: upstream, cause });
    events.record(trafficEvent('EJECT', Date.now(), { ...about, cause, durationMs, detail }));
  } else {
    log('debug', 'an endpoint is an outlier and stays', { cluster, endpoint: upstream, cause: event.cause });
  }
}

/** The same of health checks. */
export function tellOfCheck(
  { log, events }: Told,
  cluster: string,
  { key: upstream, workload }: EndpointConfig,
  outcome: CheckOutcome,
): void {
  const about = { cluster, upstream, workload };
  if (outcome.kind === 'success') {
    log('info', 'an endpoint passes its health checks', { cluster, endpoint: upstream });
    events.record(trafficEvent('ADD_HEALTHY', Date.now(), about));
  } else {
    const { reason: detail } = outcome;
    log('warn', 'an endpoint fails its health checks', { cluster, endpoint: upstream, reason: detail });
    const cause = outcome.kind === 'network' ? 'network' : 'active';
    events.record(trafficEvent('EJECT_UNHEALTHY', Date.now(), { ...about, cause, detail }));
  }
}

/** A certificate that a host outside the mesh asks for cannot be shown, or can be again (null). */
export function tellOfClientCertificate(
  { log, events }: Told,
  { certificateFile }: ClientCertificateFiles,
  problem: string | null,
): void {
  const cause = certificateFile.slice(0, MAX_CAUSE_LENGTH);
  if (problem === null) {
    log('info', 'a client certificate can be used again', { file: certificateFile });
    events.record(trafficEvent('CLIENT_CERTIFICATE_USABLE', Date.now(), { cause }));
  } else {
    log('warn', 'a client certificate cannot be used', { reason: problem });
    events.record(trafficEvent('CLIENT_CERTIFICATE_UNUSABLE', Date.now(), { cause, detail: problem }));
  }
}

/** What the control plane takes for the name of a cause. */
const MAX_CAUSE_LENGTH = 253;

/** Where things are written down. */
export interface Told {
  readonly log: Log;
  readonly events: EventLog;
}

function workloadOf(endpoints: Cluster['endpoints'], upstream: string): string {
  for (const { key, config } of endpoints) if (key === upstream) return config.workload;
  return '';
}

function whyEjected(cause: EjectionCause, settings: OutlierSettings, record: OutlierRecord): string {
  const percent = (rate: number) => `${Math.round(rate)} %`;
  switch (cause) {
    case 'consecutive_5xx':
      return `${settings.consecutive5xx} × 5xx in a row`;
    case 'consecutive_gateway_failure':
      return `${settings.consecutiveGatewayFailure} × 502, 503 or 504 in a row`;
    case 'consecutive_local_origin_failure':
      return `${settings.consecutiveLocalOriginFailure} × no connection, reset or time-out in a row`;
    case 'success_rate':
      return `success rate of ${percent(record.successRate)}, far below the others'`;
    case 'local_origin_success_rate':
      return `${percent(record.localOriginSuccessRate)} of the tries got through, far below the others'`;
    case 'failure_percentage':
      return `${percent(100 - record.successRate)} of the answers were failures`;
    case 'local_origin_failure_percentage':
      return `${percent(100 - record.localOriginSuccessRate)} of the tries did not get through`;
  }
}
