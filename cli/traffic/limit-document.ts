import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import type { GlobalRateLimitRule, RateLimitRule } from '../../control-plane/model/traffic-policy/rate-limit.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { keptMetadata } from './kept-metadata.ts';

/** What a user asks for in one line of `heddle limit`; null is left as it is. */
export interface LimitRequest {
  readonly connections: number | null;
  readonly requests: number | null;
  readonly pending: number | null;
  readonly ejectAfter: number | null;
  readonly rate: RateRequest | null;
}

export interface Rate {
  readonly requests: number;
  readonly unit: 'Second' | 'Minute' | 'Hour' | 'Day';
}

export interface RateRequest extends Rate {
  /** What is counted for itself; null counts all requests together. */
  readonly by: LimitedBy | null;
  /** One count for all instances, by the rate limit service of the mesh. */
  readonly global: boolean;
}

/** Each caller, by its certificate; or each value of a header. */
export type LimitedBy = { readonly kind: 'identity' } | { readonly kind: 'header'; readonly name: string };

/** `identity`, `header=x-user`; null for what is neither. */
export function readLimitedBy(text: string): LimitedBy | null {
  if (text === 'identity') return { kind: 'identity' };
  const match = /^header[=:]([A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256})$/.exec(text);
  return match === null ? null : { kind: 'header', name: match[1] ?? '' };
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
export function readRate(text: string): Rate | null {
  const match = /^(\d{1,9})\/(s|second|m|minute|h|hour|d|day)$/.exec(text);
  const requests = Number(match?.[1]);
  return match === null || requests < 1 ? null : { requests, unit: units[match[2] as keyof typeof units] };
}

/**
 * The BackendTrafficPolicy of the service's name with these limits, and with all that it said before besides.
 *
 * @throws CliError where nothing is asked for, where the policy is for others too, or where it has more rates than this one
 */
export function limitDocument(
  service: string,
  namespace: string,
  request: LimitRequest,
  before: BackendTrafficPolicy | null,
): object {
  const { connections, requests, pending, ejectAfter, rate } = request;
  if ([connections, requests, pending, ejectAfter, rate].every((limit) => limit === null)) {
    const hint = `heddle limit ${service} --connections 20 --eject-after 5   or   heddle describe ${service}, for those it has`;
    throw new CliError('no limit is named', hint, exitCodes.usage);
  }
  refuseOthers(service, before);
  if (rate !== null) refuseOtherRates(service, before?.spec.rateLimit);
  const said: Partial<BackendTrafficPolicy['spec']> = before?.spec ?? {};
  const breaker = {
    ...said.circuitBreaker,
    ...(connections !== null && { maxConnections: connections }),
    ...(pending !== null && { maxPendingRequests: pending }),
    ...(requests !== null && { maxParallelRequests: requests }),
  };
  return {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: keptMetadata(service, namespace, before),
    spec: {
      ...said,
      targetRefs: said.targetRefs ?? [{ group: '', kind: 'Service', name: service }],
      ...(Object.keys(breaker).length > 0 && { circuitBreaker: breaker }),
      ...(ejectAfter !== null && {
        healthCheck: {
          ...said.healthCheck,
          passive: { ...said.healthCheck?.passive, consecutive5XxErrors: ejectAfter },
        },
      }),
      ...(rate !== null && { rateLimit: rateLimit(rate) }),
    },
  };
}

function refuseOthers(service: string, before: BackendTrafficPolicy | null): void {
  const targets = before?.spec.targetRefs ?? [];
  const isOwn = targets.every(
    ({ kind, name, sectionName }) => kind === 'Service' && name === service && sectionName === undefined,
  );
  if (isOwn) return;
  throw new CliError(
    `BackendTrafficPolicy ${service} is for more than ${service}`,
    `heddle get backendtrafficpolicy ${service} > ${service}.yaml, change it, and heddle apply -f ${service}.yaml`,
  );
}

/** A rate takes the place of the one that was there; rules that say more than a rate can were written by somebody else. */
function refuseOtherRates(service: string, before: BackendTrafficPolicy['spec']['rateLimit']): void {
  const rules = before?.local?.rules ?? before?.global?.rules ?? [];
  const isPlain = rules.length === 0 || (rules.length === 1 && rules.every(isPlainRate));
  if (isPlain && before?.local?.tcp === undefined) return;
  throw new CliError(
    `BackendTrafficPolicy ${service} has rates of its own, which this one would take away`,
    `heddle get backendtrafficpolicy ${service} > ${service}.yaml, change its rateLimit, and heddle apply -f ${service}.yaml`,
  );
}

function isPlainRate({ clientSelectors = [{}], ...rule }: RateLimitRule | GlobalRateLimitRule): boolean {
  const [{ headers = [], methods, path, principal } = {}, ...others] = clientSelectors;
  const whom = [...headers, ...(principal === undefined ? [] : [principal])];
  return (
    others.length === 0 &&
    methods === undefined &&
    path === undefined &&
    whom.length <= 1 &&
    whom.every(({ type }) => type === 'Distinct') &&
    !('cost' in rule && rule.cost !== undefined) &&
    !('shared' in rule && rule.shared === true)
  );
}

function rateLimit({ requests, unit, by, global }: RateRequest): object {
  const selector =
    by?.kind === 'identity'
      ? { principal: { type: 'Distinct' } }
      : { headers: [{ type: 'Distinct', name: by?.kind === 'header' ? by.name : '' }] };
  const rules = [{ ...(by !== null && { clientSelectors: [selector] }), limit: { requests, unit } }];
  return global ? { type: 'Global', global: { rules } } : { type: 'Local', local: { rules } };
}

/**
 * What the policy says besides limits; null where that is nothing.
 *
 * @throws CliError where the policy is for others too
 */
export function withoutLimits(service: string, namespace: string, before: BackendTrafficPolicy): object | null {
  refuseOthers(service, before);
  const { targetRefs, circuitBreaker = {}, rateLimit: _, healthCheck = {}, ...others } = before.spec;
  const { maxConnections: _a, maxPendingRequests: _b, maxParallelRequests: _c, ...breaker } = circuitBreaker;
  const { passive: { consecutive5XxErrors: _d, ...passive } = {}, ...checks } = healthCheck;
  const left = {
    ...others,
    ...(isSaid(breaker) && { circuitBreaker: breaker }),
    ...((isSaid(passive) || isSaid(checks)) && { healthCheck: { ...checks, ...(isSaid(passive) && { passive }) } }),
  };
  if (!isSaid(left)) return null;
  return {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: keptMetadata(service, namespace, before),
    spec: { targetRefs, ...left },
  };
}

function isSaid(section: object): boolean {
  return Object.values(section).some((value) => value !== undefined);
}

/** `20 connections from each caller, out after 5 failures in a row, 100 requests a second for each instance`. */
export function limitsInWords({ connections, requests, pending, ejectAfter, rate }: LimitRequest): string {
  return [
    ...(connections === null ? [] : [`${connections} connections from each caller`]),
    ...(requests === null ? [] : [`${requests} requests at a time from each caller`]),
    ...(pending === null ? [] : [`${pending} requests that wait`]),
    ...(ejectAfter === null ? [] : [ejectionInWords(ejectAfter)]),
    ...(rate === null ? [] : [rateInWords(rate)]),
  ].join(', ');
}

/** 0 switches the detector off, as in Envoy Gateway. */
function ejectionInWords(failures: number): string {
  return failures === 0
    ? 'no instance is left out for failures in a row'
    : `an instance is out after ${failures} failures in a row`;
}

function rateInWords({ requests, unit, by, global }: RateRequest): string {
  const where = global ? 'in all instances together' : 'in each instance';
  const whom = by === null ? '' : by.kind === 'identity' ? ' for each caller' : ` for each value of ${by.name}`;
  return `${requests} requests a ${unit.toLowerCase()}${whom}, counted ${where}`;
}
