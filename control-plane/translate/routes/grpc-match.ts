import type { GrpcRouteMatch } from '../../model/grpc-route.ts';
import type { HttpRouteMatch } from '../../model/http-route-match.ts';
import type { Precedence } from './gateway-precedence.ts';

/** What stands for any service, or any method, in the path of a call. */
const anyName = '[^/]+';

/** A call of `package.Service/Method` is a request for `/package.Service/Method` (gRPC over HTTP/2, "Requests"). */
export function httpMatchOf({ method, headers }: GrpcRouteMatch): HttpRouteMatch {
  return { path: pathOf(method), headers, queryParams: [] };
}

function pathOf(match: GrpcRouteMatch['method']): HttpRouteMatch['path'] {
  const { type, service, method } = match ?? { type: 'Exact' as const };
  if (!service && !method) return { type: 'PathPrefix', value: '/' };
  if (type === 'Exact' && service && method) return { type: 'Exact', value: `/${service}/${method}` };
  if (type === 'Exact' && !method) return { type: 'PathPrefix', value: `/${service}` };
  const pattern = (name: string | undefined) => {
    if (!name) return anyName;
    return type === 'Exact' ? name.replaceAll('.', '\\.') : `(?:${name})`;
  };
  return { type: 'RegularExpression', value: `/${pattern(service)}/${pattern(method)}` };
}

/**
 * Names before patterns, then the most characters of the service, then of the method, then the most headers.
 *
 * Source: Gateway API v1 `GRPCRouteRule.matches`, which leaves open what a pattern counts.
 */
export function grpcPrecedence({
  method,
  headers,
}: GrpcRouteMatch): Pick<Precedence, 'path' | 'method' | 'headers' | 'queryParams'> {
  return {
    path: { type: method?.type ?? 'PathPrefix', value: method?.service ?? '' },
    method: method?.method?.length ?? 0,
    headers: headers.length,
    queryParams: 0,
  };
}
