import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { FAULT_FILTER } from '../../../proto/extension-names.ts';
import { formatFaultMetadata } from '../../../proto/fault-metadata.ts';
import type { Input } from '../../../proto/load.ts';
import type { FaultInjection } from '../../model/fault-injection.ts';
import { durationMs } from '../../model/gateway-duration.ts';
import { documentName } from '../../model/kinds.ts';
import { olderFirst } from '../../model/older-first.ts';
import { sourceOf } from '../../model/source-position.ts';
import { kibibytesPerSecond } from '../../model/traffic-policy/bandwidth-limit.ts';
import type { Service, ServicePort } from '../services/service-catalog.ts';
import type { Abilities } from '../view/abilities.ts';

type Route = Input<'envoy.config.route.v3.Route'>;
type Fault = Input<'envoy.extensions.filters.http.fault.v3.HTTPFault'>;

type FaultTarget = Pick<FaultInjection['spec']['targetRefs'][number], 'kind' | 'name'>;

/** Which faults hold for which services. */
export class FaultAttachments {
  readonly #byService = new Map<string, FaultInjection[]>();

  constructor(faults: readonly FaultInjection[]) {
    for (const fault of faults.toSorted((a, b) => olderFirst(a.metadata, b.metadata))) {
      const { namespace } = fault.metadata;
      for (const key of new Set(fault.spec.targetRefs.map(({ kind, name }) => `${kind}/${namespace}/${name}`))) {
        this.#byService.set(key, [...(this.#byService.get(key) ?? []), fault]);
      }
    }
  }

  /** That of the port before that of the service, the older before the younger; null for none. */
  faultFor(service: Service, port: ServicePort): FaultInjection | null {
    const { namespace } = service;
    return (port.name ? this.decisive(namespace, service, port.name) : null) ?? this.decisive(namespace, service);
  }

  /** Of those that name this very target, the one that counts. */
  decisive(namespace: string, { kind, name }: FaultTarget, section?: string): FaultInjection | null {
    const attached = this.#byService.get(`${kind}/${namespace}/${name}`) ?? [];
    const names = ({ spec }: FaultInjection) =>
      spec.targetRefs.some((target) => target.kind === kind && target.name === name && target.sectionName === section);
    return attached.find(names) ?? null;
  }
}

/** When the next one ends after `nowMs`; null for none. */
export function nextEndMs(faults: readonly FaultInjection[], nowMs: number): number | null {
  const ends = faults.map(({ spec }) => Date.parse(spec.until)).filter((endMs) => endMs > nowMs);
  return ends.length === 0 ? null : Math.min(...ends);
}

export function hasEnded({ spec }: FaultInjection, nowMs: number): boolean {
  return Date.parse(spec.until) <= nowMs;
}

/** What of it a client of these abilities can do; null for nothing. */
export function faultWithin(
  fault: FaultInjection,
  { faults, faultRateLimit }: Pick<Abilities, 'faults' | 'faultRateLimit'>,
): FaultInjection | null {
  if (!faults) return null;
  if (faultRateLimit || fault.spec.responseRateLimit === undefined) return fault;
  const { responseRateLimit: _unknown, ...spec } = fault.spec;
  return spec.delay === undefined && spec.abort === undefined ? null : { ...fault, spec };
}

/** The route with the fault. Routes are shared by all that call the service, so all have the same. */
export function withFault(route: Route, fault: FaultInjection | null): Route {
  if (fault === null) return route;
  const source = sourceOf(fault);
  const origin = {
    document: documentName(fault),
    file: source?.file ?? '',
    line: source?.line ?? 0,
    untilMs: Date.parse(fault.spec.until),
  };
  return {
    ...route,
    typed_per_filter_config: {
      ...route.typed_per_filter_config,
      [FAULT_FILTER]: pack('envoy.extensions.filters.http.fault.v3.HTTPFault', httpFault(fault)),
    },
    metadata: { filter_metadata: { ...route.metadata?.filter_metadata, ...formatFaultMetadata(origin) } },
  };
}

function httpFault({ spec }: FaultInjection): Fault {
  const { delay, abort, responseRateLimit: rateLimit, headers, maxActiveFaults } = spec;
  return {
    ...(delay && {
      delay: {
        ...(delay.fixedDelay === undefined
          ? { header_delay: {} }
          : { fixed_delay: msToDuration(durationMs(delay.fixedDelay)) }),
        percentage: share(delay.percentage),
      },
    }),
    ...(abort && { abort: { ...errorOf(abort), percentage: share(abort.percentage) } }),
    ...(rateLimit && {
      response_rate_limit: {
        ...(rateLimit.fixedLimit === undefined
          ? { header_limit: {} }
          : { fixed_limit: { limit_kbps: kibibytesPerSecond(rateLimit.fixedLimit) } }),
        percentage: share(rateLimit.percentage),
      },
    }),
    headers: headers.map(({ name, value }) => ({ name, string_match: { exact: value } })),
    max_active_faults: { value: maxActiveFaults },
  };
}

function errorOf({ httpStatus, grpcStatus }: NonNullable<FaultInjection['spec']['abort']>) {
  if (httpStatus !== undefined) return { http_status: httpStatus };
  return grpcStatus === undefined ? { header_abort: {} } : { grpc_status: grpcStatus };
}

/** A request that asks for a smaller share does so in the same unit (Envoy), which is percent where that will do. */
function share(percent: number) {
  if (Number.isInteger(percent)) return { numerator: percent, denominator: 'HUNDRED' as const };
  return { numerator: Math.round(percent * 10_000), denominator: 'MILLION' as const };
}
