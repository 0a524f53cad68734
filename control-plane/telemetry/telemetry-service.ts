import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { InvalidGrantError, readGrant } from '../../certs/grant.ts';
import type { SpiffeId } from '../../certs/spiffe-id.ts';
import { workloadOf } from '../../certs/spiffe-id.ts';
import type { Input, Output } from '../../proto/load.ts';
import type { Log } from '../log.ts';
import type { MeshTelemetry } from './mesh-telemetry.ts';
import type { ReportingSidecar } from './reported-series.ts';

type Request = Output<'heddle.v1.ReportRequest'>;
type Response = Input<'heddle.v1.ReportResponse'>;
type Call = ServerDuplexStream<Request, Response>;

export interface TelemetryServiceOptions {
  readonly telemetry: MeshTelemetry;
  /** Who is at the other end of a call; `svid` is null without a verified certificate. */
  readonly callerOf: (call: Call) => { readonly svid: { readonly id: SpiffeId; readonly der: Buffer } | null };
  readonly log: Log;
  /** Milliseconds of any clock that does not go back. */
  readonly now?: () => number;
}

/** Series in one report; a sidecar sends 250. */
const maxSeriesPerReport = 1000;
/** And events, as many as a sidecar keeps. */
const maxEventsPerReport = 128;
const maxInstanceIdLength = 128;
/** A stream may begin with this many reports, all that a sidecar keeps, and goes on with some per second. */
const burstReports = 50;
const reportsPerSecond = 5;

/**
 * `heddle.v1.TelemetryService`: takes what sidecars have counted, and acknowledges each report once it is counted.
 *
 * A sidecar reports of itself and of nobody else; series that are about others are left out, counted and logged.
 */
export function telemetryService(options: TelemetryServiceOptions): {
  readonly Report: handleBidiStreamingCall<Request, Response>;
} {
  const { now = () => performance.now() } = options;
  return {
    Report: (call) => {
      const sidecar = reporterOf(call, options);
      if ('refused' in sidecar) {
        call.on('error', () => {}); // it is over, whatever else the client says
        call.emit('error', { code: status.PERMISSION_DENIED, details: sidecar.refused });
        return;
      }
      const session = new ReportSession(call, sidecar, options, now);
      call.on('data', (report: Request) => session.receive(report));
      call.on('end', () => call.end());
      call.on('error', () => session.end());
      call.on('cancelled', () => session.end());
    },
  };
}

class ReportSession {
  readonly #call: Call;
  readonly #sidecar: ReportingSidecar;
  readonly #options: TelemetryServiceOptions;
  readonly #now: () => number;
  #allowance = burstReports;
  #refilledAtMs: number;
  #isOver = false;
  #hasComplained = false;

  constructor(call: Call, sidecar: ReportingSidecar, options: TelemetryServiceOptions, now: () => number) {
    this.#call = call;
    this.#sidecar = sidecar;
    this.#options = options;
    this.#now = now;
    this.#refilledAtMs = now();
  }

  end(): void {
    this.#isOver = true;
  }

  receive(report: Request): void {
    if (this.#isOver) return;
    if (!this.#takeAllowance()) {
      this.#fail(status.RESOURCE_EXHAUSTED, `more than ${reportsPerSecond} reports a second`);
      return;
    }
    const fault = faultOf(report);
    if (fault !== null) {
      this.#fail(status.INVALID_ARGUMENT, fault);
      return;
    }
    const { refusal } = this.#options.telemetry.accept(report, this.#sidecar);
    if (refusal !== null && !this.#hasComplained) {
      this.#hasComplained = true; // once for each stream: what is wrong once is wrong each time
      const { identity } = this.#sidecar;
      this.#options.log('warn', 'parts of a report are refused', { identity, reason: refusal.reason });
    }
    this.#call.write({ sequence: report.sequence });
  }

  #takeAllowance(): boolean {
    const nowMs = this.#now();
    const refill = ((nowMs - this.#refilledAtMs) / 1000) * reportsPerSecond;
    this.#allowance = Math.min(burstReports, this.#allowance + refill);
    this.#refilledAtMs = nowMs;
    if (this.#allowance < 1) return false;
    this.#allowance--;
    return true;
  }

  #fail(code: status, details: string): void {
    this.#isOver = true;
    this.#options.log('warn', 'a report is refused', { identity: this.#sidecar.identity, reason: details });
    this.#call.emit('error', { code, details });
  }
}

function faultOf({
  instance_id: instanceId,
  sequence,
  interval_end_ms: endMs,
  series,
  events,
}: Request): string | null {
  if (instanceId === '' || instanceId.length > maxInstanceIdLength) return 'instance_id must have 1 to 128 characters';
  if (!isPositive(sequence)) return 'sequence must be from 1 to 2^53 - 1';
  if (!isPositive(endMs)) return 'interval_end_ms must be a time';
  if (events.length > maxEventsPerReport) return `more than ${maxEventsPerReport} events`;
  return series.length > maxSeriesPerReport ? `more than ${maxSeriesPerReport} series` : null;
}

function isPositive(text: string): boolean {
  return Number.isSafeInteger(Number(text)) && Number(text) > 0;
}

/** The grant says which service the holder of the certificate is; without one its service account does. */
function reporterOf(call: Call, { callerOf }: TelemetryServiceOptions): ReportingSidecar | { refused: string } {
  const { svid } = callerOf(call);
  const workload = svid === null ? null : workloadOf(svid.id);
  if (svid === null || workload === null) return { refused: 'reporting needs the certificate of a workload' };
  try {
    const grant = readGrant(svid.der);
    const service = grant === null ? workload.serviceAccount : grant.anyService === true ? null : grant.service;
    return { identity: svid.id, namespace: workload.namespace, service };
  } catch (error) {
    if (error instanceof InvalidGrantError) return { refused: error.message };
    throw error;
  }
}
