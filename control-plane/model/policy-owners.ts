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
}

export const noPolicyOwners: PolicyOwners = {
  rateLimit: [],
  connectionRate: '',
  requestBuffer: '',
  adaptiveConcurrency: '',
  admissionControl: '',
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
  };
}

function sectionInWords(layers: readonly OwnedPolicy[], section: PolicySection): string {
  const owner = layers.find(({ policy }) => policy[section] !== undefined)?.owner;
  return owner === undefined ? '' : `${documentName(owner)} ${section}${placeInWords(sourceOf(owner))}`;
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
