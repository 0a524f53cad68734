import { unpackAs } from '../../proto/any.ts';
import { BUFFER_FILTER } from '../../proto/extension-names.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import { parsePolicyMetadata } from '../../proto/policy-metadata.ts';
import type { BodyLimitCounters } from '../filter/body-limit.ts';
import { BodyLimit } from '../filter/body-limit.ts';
import type { RequestFilter } from '../filter/request-filter.ts';

/** How bodies are counted. */
export interface BodyLimitMemory {
  readonly bodyLimits: BodyLimitCounters;
}

/** Null where bodies of any size may pass. */
export function compileBodyLimit(route: Route__Output, { bodyLimits }: BodyLimitMemory): RequestFilter | null {
  const packed = route.typed_per_filter_config[BUFFER_FILTER];
  if (packed === undefined) return null;
  const { buffer } = unpackAs('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', packed);
  if (!buffer?.max_request_bytes) return null;
  return new BodyLimit(buffer.max_request_bytes.value, bodyLimits, parsePolicyMetadata(route.metadata).bodyLimit);
}
