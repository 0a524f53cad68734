/** What travels beside the limits of a route, a filter chain or a cluster: which document asks for each, in words for those refused. */
import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import { fromStruct, toStruct } from './struct.ts';

const POLICY_METADATA = 'heddle.policies';

/** `BackendTrafficPolicy/default/cart rateLimit rule 0 (cart.yaml:12)`; '' where nobody said. */
export interface PolicyOrigins {
  /** Of each descriptor of the route's local rate limit, in their order. */
  readonly localRateLimits: readonly string[];
  /** Of each limit that is counted for all instances. */
  readonly globalRateLimits: readonly string[];
  /** Of each LocalRateLimit of a filter chain, in their order. */
  readonly connectionRates: readonly string[];
  readonly bodyLimit: string;
  readonly adaptiveConcurrency: string;
  readonly admissionControl: string;
  /** Of a cluster: for each limit that somebody says `BackendTrafficPolicy/default/cart circuitBreaker.maxConnections (cart.yaml:1)`. */
  readonly circuitBreaker: readonly string[];
}

export const noPolicyOrigins: PolicyOrigins = {
  localRateLimits: [],
  globalRateLimits: [],
  connectionRates: [],
  bodyLimit: '',
  adaptiveConcurrency: '',
  admissionControl: '',
  circuitBreaker: [],
};

/** Of an origin, so much is taken: a file's name has 512 characters at most. */
const MAX_ORIGIN_LENGTH = 1024;

/** What is not said takes no room; nothing at all where nothing is said. */
export function formatPolicyMetadata(origins: Partial<PolicyOrigins>): NonNullable<Metadata['filter_metadata']> {
  const said = Object.entries(origins).filter(([, origin]) => origin.length > 0);
  return said.length === 0 ? {} : { [POLICY_METADATA]: toStruct(Object.fromEntries(said)) };
}

/** Takes anything: what is missing or of another type counts as not said. */
export function parsePolicyMetadata(metadata: Metadata__Output | null): PolicyOrigins {
  const packed = metadata?.filter_metadata[POLICY_METADATA];
  if (packed === undefined) return noPolicyOrigins;
  const said = fromStruct(packed);
  return {
    localRateLimits: originsIn(said.localRateLimits),
    globalRateLimits: originsIn(said.globalRateLimits),
    connectionRates: originsIn(said.connectionRates),
    bodyLimit: originIn(said.bodyLimit),
    adaptiveConcurrency: originIn(said.adaptiveConcurrency),
    admissionControl: originIn(said.admissionControl),
    circuitBreaker: originsIn(said.circuitBreaker),
  };
}

function originsIn(said: unknown): readonly string[] {
  return Array.isArray(said) ? said.map(originIn) : [];
}

function originIn(said: unknown): string {
  return typeof said === 'string' ? said.slice(0, MAX_ORIGIN_LENGTH) : '';
}
