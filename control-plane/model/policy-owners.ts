import type { ModelDocument } from './kinds.ts';
import { documentName } from './kinds.ts';
import type { SourcePosition } from './source-position.ts';
import { ruleSource, sourceOf } from './source-position.ts';
import type { PolicySection, TrafficPolicy } from './traffic-policy.ts';

/**
 * Who says the sections by which sidecars refuse requests, in words for those who are refused:
 * `BackendTrafficPolicy/default/cart requestBuffer (cart.yaml:12)`. '' where nobody does.
 */
export interface PolicyOwners {
  /** Of each rule, local or global. */
  readonly rateLimit: readonly string[];
  readonly connectionRate: string;
  readonly requestBuffer: string;
  readonly adaptiveConcurrency: string;
  readonly admissionControl: string;
  /** Of each limit that somebody says: `BackendTrafficPolicy/default/cart circuitBreaker.maxConnections (cart.yaml:1)`. */
  readonly circuitBreaker: readonly string[];
}

export const noPolicyOwners: PolicyOwners = {
  rateLimit: [],
  connectionRate: '',
  requestBuffer: '',
  adaptiveConcurrency: '',
  admissionControl: '',
  circuitBreaker: [],
};

interface OwnedPolicy {
  readonly owner: ModelDocument;
  readonly policy: TrafficPolicy;
}

/** `layers` has the most specific first. */
export function policyOwners(layers: readonly OwnedPolicy[]): PolicyOwners {
  if (layers.length === 0) return noPolicyOwners;
  return {
    rateLimit: rulesInWords(layers),
    connectionRate: sectionInWords(layers, 'rateLimit'),
    requestBuffer: sectionInWords(layers, 'requestBuffer'),
    adaptiveConcurrency: sectionInWords(layers, 'adaptiveConcurrency'),
    admissionControl: sectionInWords(layers, 'admissionControl'),
    circuitBreaker: limitsInWords(layers),
  };
}

function sectionInWords(layers: readonly OwnedPolicy[], section: PolicySection): string {
  const owner = layers.find(({ policy }) => policy[section] !== undefined)?.owner;
  return owner === undefined ? '' : `${documentName(owner)} ${section}${placeInWords(sourceOf(owner))}`;
}

const limitFields = ['maxConnections', 'maxPendingRequests', 'maxParallelRequests'] as const;

/** Each limit comes from the first layer that has it; those of high priority all from one. */
function limitsInWords(layers: readonly OwnedPolicy[]): readonly string[] {
  const said = (field: string, has: (breaker: NonNullable<TrafficPolicy['circuitBreaker']>) => boolean): string[] => {
    const owner = layers.find(({ policy: { circuitBreaker } }) => circuitBreaker && has(circuitBreaker))?.owner;
    return owner === undefined
      ? []
      : [`${documentName(owner)} circuitBreaker.${field}${placeInWords(sourceOf(owner))}`];
  };
  const high = layers.find(({ policy }) => policy.circuitBreaker?.highPriority)?.policy.circuitBreaker?.highPriority;
  return [
    ...limitFields.flatMap((field) => said(field, (breaker) => breaker[field] !== undefined)),
    ...said('perEndpoint.maxConnections', ({ perEndpoint }) => perEndpoint?.maxConnections !== undefined),
    ...limitFields
      .filter((field) => high?.[field] !== undefined)
      .flatMap((field) => said(`highPriority.${field}`, ({ highPriority }) => highPriority !== undefined)),
  ];
}

function rulesInWords(layers: readonly OwnedPolicy[]): readonly string[] {
  const layer = layers.find(({ policy }) => policy.rateLimit !== undefined);
  if (layer === undefined) return [];
  const { owner, policy } = layer;
  const rules = policy.rateLimit?.local?.rules ?? policy.rateLimit?.global?.rules ?? [];
  return rules.map((_, rule) => {
    return `${documentName(owner)} rateLimit rule ${rule}${placeInWords(ruleSource(owner, rule))}`;
  });
}

function placeInWords(place: SourcePosition | null): string {
  return place === null ? '' : ` (${place.file}:${place.line})`;
}
