import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import { CliError, exitCodes } from '../cli-error.ts';

/** What a user asks for in one line of `heddle limit`; null is left as it is. */
export interface LimitRequest {
  readonly connections: number | null;
  readonly requests: number | null;
  readonly pending: number | null;
  readonly ejectAfter: number | null;
  readonly rate: { readonly requests: number; readonly unit: 'Second' | 'Minute' | 'Hour' | 'Day' } | null;
}

const units = {
  s: 'Second',
  second: 'Second',
  m: 'Minute',
  minute: 'Minute',
  h: 'Hour',
  hour: 'Hour',
  d: 'Day',
  day: 'Day',
} as const;

/** `100/s`, `5/minute`, `20/h`. */
export function readRate(text: string): NonNullable<LimitRequest['rate']> | null {
  const match = /^(\d{1,9})\/(s|second|m|minute|h|hour|d|day)$/.exec(text);
  const requests = Number(match?.[1]);
  return match === null || requests < 1 ? null : { requests, unit: units[match[2] as keyof typeof units] };
}

/**
 * The BackendTrafficPolicy of the service's name with these limits, and with all that it said before besides.
 *
 * @throws CliError where nothing is asked for, or where the policy is for others too
 */
export function limitDocument(
  service: string,
  namespace: string,
  request: LimitRequest,
  before: BackendTrafficPolicy | null,
): object {
  const { connections, requests, pending, ejectAfter, rate } = request;
  if ([connections, requests, pending, ejectAfter, rate].every((limit) => limit === null)) {
    const hint = `heddle limit ${service} --connections 20 --eject-after 5`;
    throw new CliError('no limit is named', hint, exitCodes.usage);
  }
  const said: Partial<BackendTrafficPolicy['spec']> = before?.spec ?? {};
  const targets = said.targetRefs ?? [{ group: '', kind: 'Service', name: service }];
  if (targets.some(({ name, sectionName }) => name !== service || sectionName !== undefined)) {
    throw new CliError(
      `BackendTrafficPolicy ${service} is for more than ${service}`,
      `heddle get backendtrafficpolicy ${service} > ${service}.yaml, change it, and heddle apply -f ${service}.yaml`,
    );
  }
  const breaker = {
    ...said.circuitBreaker,
    ...(connections !== null && { maxConnections: connections }),
    ...(pending !== null && { maxPendingRequests: pending }),
    ...(requests !== null && { maxParallelRequests: requests }),
  };
  return {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: { name: service, namespace },
    spec: {
      ...said,
      targetRefs: targets,
      ...(Object.keys(breaker).length > 0 && { circuitBreaker: breaker }),
      ...(ejectAfter !== null && {
        healthCheck: {
          ...said.healthCheck,
          passive: { ...said.healthCheck?.passive, consecutive5XxErrors: ejectAfter },
        },
      }),
      ...(rate !== null && { rateLimit: { type: 'Local', local: { rules: [{ limit: rate }] } } }),
    },
  };
}

/** `20 connections from each caller, out after 5 failures in a row, 100 requests a second for each instance`. */
export function limitsInWords({ connections, requests, pending, ejectAfter, rate }: LimitRequest): string {
  return [
    ...(connections === null ? [] : [`${connections} connections from each caller`]),
    ...(requests === null ? [] : [`${requests} requests at a time from each caller`]),
    ...(pending === null ? [] : [`${pending} requests that wait`]),
    ...(ejectAfter === null ? [] : [`an instance is out after ${ejectAfter} failures in a row`]),
    ...(rate === null ? [] : [`${rate.requests} requests a ${rate.unit.toLowerCase()} for each instance`]),
  ].join(', ');
}
