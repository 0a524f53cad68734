import type { EjectionCause } from '../../../proto/ejection-causes.ts';
import type { OutlierRecord } from './outlier-record.ts';
import type { OutlierSettings } from './outlier-settings.ts';

/** Told that a row of failures is complete. */
export type OnRow = (record: OutlierRecord, cause: EjectionCause) => void;

/**
 * 5xx answers in a row, and 502, 503 and 504 in a row: a 500 ends a row of those without ending the other.
 *
 * Each row is complete when it reaches its threshold, gateway failures first; with a complete row counting starts anew.
 *
 * Source: Envoy `DetectorHostMonitorImpl::putHttpResponseCode`.
 */
export function countAnswer(record: OutlierRecord, status: number, settings: OutlierSettings, onRow: OnRow): void {
  if (status < 500) {
    record.consecutive5xx = 0;
    record.consecutiveGatewayFailure = 0;
    return;
  }
  if (status < 502 || status > 504) record.consecutiveGatewayFailure = 0;
  else if (++record.consecutiveGatewayFailure === settings.consecutiveGatewayFailure) {
    record.consecutiveGatewayFailure = 0;
    onRow(record, 'consecutive_gateway_failure');
  }
  if (++record.consecutive5xx === settings.consecutive5xx) {
    record.consecutive5xx = 0;
    onRow(record, 'consecutive_5xx');
  }
}

/**
 * Failures to connect, resets and time-outs in a row.
 *
 * Source: Envoy `DetectorHostMonitorImpl::localOriginFailure`.
 */
export function countConnection(
  record: OutlierRecord,
  isFailure: boolean,
  settings: OutlierSettings,
  onRow: OnRow,
): void {
  if (!isFailure) {
    record.consecutiveLocalOriginFailure = 0;
  } else if (++record.consecutiveLocalOriginFailure === settings.consecutiveLocalOriginFailure) {
    record.consecutiveLocalOriginFailure = 0;
    onRow(record, 'consecutive_local_origin_failure');
  }
}
