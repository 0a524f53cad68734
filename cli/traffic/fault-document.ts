import type { FaultInjection } from '../../control-plane/model/fault-injection.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import type { HeaderValue } from '../option-values.ts';

/** What a user asks for in one line of `heddle fault`. Durations in milliseconds. */
export interface FaultRequest {
  readonly service: string;
  readonly namespace: string;
  readonly abort: number | null;
  readonly grpcStatus: number | null;
  readonly delayMs: number | null;
  /** KiB a second of each answer. */
  readonly throughputKib: number | null;
  readonly percent: number;
  /** Only requests with all of them. */
  readonly headers: readonly HeaderValue[];
  readonly forMs: number;
}

/** The FaultInjection that says it, named as the service is: a second one takes the place of the first. */
export function faultDocument(request: FaultRequest, nowMs: number): object {
  const { service, namespace, abort, grpcStatus, delayMs, throughputKib, percent, headers, forMs } = request;
  if (abort === null && grpcStatus === null && delayMs === null && throughputKib === null) {
    const hint = `heddle fault ${service} --abort 503 --percent 30 --for 2m`;
    throw new CliError('no fault: none of --abort, --grpc-status, --delay and --throughput', hint, exitCodes.usage);
  }
  if (abort !== null && grpcStatus !== null) {
    const hint = `heddle fault ${service} --abort ${abort}`;
    throw new CliError('--abort and --grpc-status are two answers to one request', hint, exitCodes.usage);
  }
  const share = percent === 100 ? {} : { percentage: percent };
  return {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'FaultInjection',
    metadata: { name: service, namespace },
    spec: {
      targetRefs: [{ group: '', kind: 'Service', name: service }],
      until: new Date(Math.ceil((nowMs + forMs) / 1000) * 1000).toISOString().replace('.000Z', 'Z'),
      ...(delayMs !== null && { delay: { fixedDelay: gatewayDuration(delayMs), ...share } }),
      ...(abort !== null && { abort: { httpStatus: abort, ...share } }),
      ...(grpcStatus !== null && { abort: { grpcStatus, ...share } }),
      ...(throughputKib !== null && {
        responseRateLimit: { fixedLimit: { value: quantity(throughputKib), unit: 'Second' }, ...share },
      }),
      ...(headers.length > 0 && { headers }),
    },
  };
}

/** @throws CliError where the document of that name holds for more than the service, and would end for the others as well */
export function refuseOtherTargets(service: string, before: FaultInjection | null): void {
  const targets = before?.spec.targetRefs ?? [];
  const isOwn = targets.every(
    ({ kind, name, sectionName }) => kind === 'Service' && name === service && sectionName === undefined,
  );
  if (isOwn) return;
  throw new CliError(
    `FaultInjection ${service} is for more than ${service}`,
    `heddle get faultinjection ${service} > ${service}.yaml, change it, and heddle apply -f ${service}.yaml`,
  );
}

/** `30 % of requests to recommend wait 2s and answer 503`. */
export function faultInWords(request: FaultRequest): string {
  const { service, abort, grpcStatus, delayMs, throughputKib, percent, headers } = request;
  const words = [
    ...(delayMs === null ? [] : [`wait ${gatewayDuration(delayMs)}`]),
    ...(abort === null ? [] : [`answer ${abort}`]),
    ...(grpcStatus === null ? [] : [`answer gRPC status ${grpcStatus}`]),
    ...(throughputKib === null ? [] : [`get their answer at ${quantity(throughputKib)}B a second`]),
  ];
  const whose = headers.map(({ name, value }) => `${name}: ${value}`).join(' and ');
  return `${percent} % of requests to ${service}${whose === '' ? '' : ` with ${whose}`} ${words.join(' and ')}`;
}

/** As Kubernetes writes sizes. */
function quantity(kib: number): string {
  return kib % 1024 === 0 ? `${kib / 1024}Mi` : `${kib}Ki`;
}

/** As the Gateway API writes durations: whole milliseconds, no fractions. */
function gatewayDuration(ms: number): string {
  const whole = Math.max(1, Math.round(ms));
  if (whole % 60_000 === 0) return `${whole / 60_000}m`;
  return whole % 1000 === 0 ? `${whole / 1000}s` : `${Math.floor(whole / 1000)}s${whole % 1000}ms`.replace(/^0s/, '');
}
