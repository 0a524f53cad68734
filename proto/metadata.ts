/** What travels beside a resource as `filter_metadata`: where a route came from, and which workload an endpoint is. */
import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import type { WorkloadName } from './names.ts';
import {
  formatWorkloadName,
  HEDDLE_METADATA,
  ISTIO_METADATA,
  parseWorkloadName,
  TLS_MODE_HEDDLE,
  TRANSPORT_SOCKET_MATCH_METADATA,
} from './names.ts';
import type { JsonValue } from './struct.ts';
import { fromStruct, toStruct } from './struct.ts';

/** The place in a user's document that a route was made from: how the mesh says why. */
export interface RouteOrigin {
  /** `HTTPRoute/default/cart` */
  readonly document: string;
  /** Positions in the document, from 0. */
  readonly rule: number;
  readonly match: number;
  /** '' and 0 when the document did not come from a file. */
  readonly file: string;
  readonly line: number;
}

export interface RouteMetadata {
  /** Null for a route that no document asked for. */
  readonly origin: RouteOrigin | null;
  /** The user has said that a request may be sent again whatever its method. */
  readonly retryNonIdempotent: boolean;
  /** Its direct response stands for backends that are not there: a failure, and nobody's wish. */
  readonly isRefusal: boolean;
}

export interface EndpointMetadata {
  /** Behind a sidecar: dialled with mTLS and never in plaintext. */
  readonly isMeshed: boolean;
  readonly workload: WorkloadName | null;
}

export function formatRouteMetadata({ origin, retryNonIdempotent, isRefusal }: RouteMetadata): Metadata {
  const heddle: Record<string, JsonValue> = origin === null ? {} : { ...origin };
  if (retryNonIdempotent) {
    heddle.retryNonIdempotent = true;
  }
  if (isRefusal) {
    heddle.refusal = true;
  }
  return { filter_metadata: { [HEDDLE_METADATA]: toStruct(heddle) } };
}

/** Takes anything: what is missing or of another type counts as not said. */
export function parseRouteMetadata(metadata: Metadata__Output | null): RouteMetadata {
  const heddle = fromStruct(metadata?.filter_metadata[HEDDLE_METADATA]);
  const { document, rule, match, file, line } = heddle;
  return {
    origin:
      typeof document === 'string' && typeof rule === 'number' && typeof match === 'number'
        ? {
            document,
            rule,
            match,
            file: typeof file === 'string' ? file : '',
            line: typeof line === 'number' ? line : 0,
          }
        : null,
    retryNonIdempotent: heddle.retryNonIdempotent === true,
    isRefusal: heddle.refusal === true,
  };
}

export function formatEndpointMetadata({ isMeshed, workload }: EndpointMetadata): Metadata {
  return {
    filter_metadata: {
      ...(isMeshed ? { [TRANSPORT_SOCKET_MATCH_METADATA]: toStruct({ tlsMode: TLS_MODE_HEDDLE }) } : {}),
      ...(workload ? { [ISTIO_METADATA]: toStruct({ workload: formatWorkloadName(workload) }) } : {}),
    },
  };
}

/** As parseRouteMetadata. A workload in another form is null. */
export function parseEndpointMetadata(metadata: Metadata__Output | null): EndpointMetadata {
  const match = fromStruct(metadata?.filter_metadata[TRANSPORT_SOCKET_MATCH_METADATA]);
  const { workload } = fromStruct(metadata?.filter_metadata[ISTIO_METADATA]);
  return {
    isMeshed: match.tlsMode === TLS_MODE_HEDDLE,
    workload: typeof workload === 'string' ? parseWorkloadName(workload) : null,
  };
}
