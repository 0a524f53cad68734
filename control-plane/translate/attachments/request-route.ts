import type { GrpcRoute } from '../../model/grpc-route.ts';
import type { HttpRoute, HttpRouteRule } from '../../model/http-route.ts';

/** What decides about requests. */
export type RequestRoute = HttpRoute | GrpcRoute;

/** What a rule does; one of a GRPCRoute has fewer ways to say it. */
export type RequestRule = Pick<
  HttpRouteRule,
  'name' | 'filters' | 'backendRefs' | 'timeouts' | 'retry' | 'sessionPersistence'
>;
