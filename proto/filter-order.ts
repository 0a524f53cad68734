import {
  ADAPTIVE_CONCURRENCY_FILTER,
  ADMISSION_CONTROL_FILTER,
  BANDWIDTH_LIMIT_REQUEST_FILTER,
  BANDWIDTH_LIMIT_RESPONSE_FILTER,
  BUFFER_FILTER,
  CORS_FILTER,
  FAULT_FILTER,
  LOCAL_RATE_LIMIT_FILTER,
  RATE_LIMIT_FILTER,
} from './extension-names.ts';

/**
 * The filters of a route in the order in which a request meets them, in a sidecar, which puts them into it, as in an Envoy,
 * which is told of it: other origins first, so that a browser may see what the others answer, then faults, then limits: of
 * rates, of bodies and of bandwidth. What spares a service in trouble comes last, because it looks at what becomes of what the
 * others let go on.
 */
export const requestFilterOrder = [
  CORS_FILTER,
  FAULT_FILTER,
  LOCAL_RATE_LIMIT_FILTER,
  RATE_LIMIT_FILTER,
  BUFFER_FILTER,
  BANDWIDTH_LIMIT_REQUEST_FILTER,
  BANDWIDTH_LIMIT_RESPONSE_FILTER,
  ADMISSION_CONTROL_FILTER,
  ADAPTIVE_CONCURRENCY_FILTER,
] as const;

export type RequestFilterName = (typeof requestFilterOrder)[number];
