import type { GrpcRoute } from '../../model/grpc-route.ts';
import type { HttpRoute } from '../../model/http-route.ts';
import type { ServicePort } from '../services/service-catalog.ts';
import type { RequestRoute } from './request-route.ts';
import type { ParentName, RouteParent } from './route-attachments.ts';
import { RouteAttachments } from './route-attachments.ts';

/**
 * Which routes decide about requests to a port. GRPCRoutes and HTTPRoutes are never mixed: where both are attached, the more
 * specific kind decides, which is GRPCRoute; consumer routes of either kind come before producer routes of the other.
 *
 * Source: Gateway API, GEP-1294 and GEP-1426 (order of specificity of route kinds on one Service port).
 */
export class RequestRoutes {
  readonly #grpc: RouteAttachments<GrpcRoute>;
  readonly #http: RouteAttachments<HttpRoute>;

  constructor(http: readonly HttpRoute[], grpc: readonly GrpcRoute[]) {
    this.#http = new RouteAttachments(http);
    this.#grpc = new RouteAttachments(grpc);
  }

  /** As `RouteAttachments.routesFor`. */
  routesFor(parent: RouteParent, port: ServicePort, callerNamespace: string): readonly RequestRoute[] {
    const kinds: readonly (readonly RequestRoute[])[] = [
      this.#grpc.routesFor(parent, port, callerNamespace),
      this.#http.routesFor(parent, port, callerNamespace),
    ];
    const isConsumers = (routes: readonly RequestRoute[]) =>
      callerNamespace !== parent.namespace && routes[0]?.metadata.namespace === callerNamespace;
    return kinds.find(isConsumers) ?? kinds.find((routes) => routes.length > 0) ?? [];
  }

  /** Whether there are GRPCRoutes of that namespace, beside which its HTTPRoutes may decide nothing. */
  hasCallRoutes(parent: ParentName, namespace: string): boolean {
    return this.#grpc.attachedIn(parent, namespace) > 0;
  }

  hasConsumerRoutes(parent: ParentName, callerNamespace: string): boolean {
    return (
      this.#grpc.hasConsumerRoutes(parent, callerNamespace) || this.#http.hasConsumerRoutes(parent, callerNamespace)
    );
  }
}
