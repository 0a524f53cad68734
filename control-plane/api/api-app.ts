import { randomUUID } from 'node:crypto';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { Log } from '../log.ts';
import type { DocumentLookup } from '../model/validate-document.ts';
import type { Store } from '../store/store.ts';
import { StoreFailedError } from '../store/store.ts';
import type { TelemetrySource } from '../telemetry/telemetry-source.ts';
import type { ProxyStatusSource } from '../xds/proxy-status.ts';
import type { AdminTokens } from './admin-tokens.ts';
import { requireAdmin } from './authentication.ts';
import type { CertificateInfo } from './certificate-routes.ts';
import { certificateRoutes } from './certificate-routes.ts';
import { changeRoutes } from './change-routes.ts';
import { DocumentRepository } from './document-repository.ts';
import { documentRoutes } from './document-routes.ts';
import type { DocumentProblem, PortStatus } from './document-status.ts';
import { eventRoutes } from './event-routes.ts';
import { prometheusDiscovery } from './http-sd.ts';
import type { OpenStreams } from './open-streams.ts';
import { proxyRoutes } from './proxy-routes.ts';
import type { RegistrySource } from './registered-workloads.ts';
import { requireOurHost, requirePlainPath } from './request-guard.ts';
import type { DescribeService } from './service-routes.ts';
import { serviceRoutes } from './service-routes.ts';
import { ApiError, failureReasons, failureStatus } from './status.ts';
import type { MintToken } from './token-routes.ts';
import { tokenRoutes } from './token-routes.ts';
import { trafficRoutes } from './traffic-routes.ts';

/** Everything the API works with. It makes none of it, so that it can be tested alone. */
export interface ApiOptions {
  readonly store: Store;
  readonly registry: RegistrySource;
  readonly lookup: DocumentLookup;
  readonly proxies: ProxyStatusSource;
  readonly telemetry: TelemetrySource;
  readonly adminTokens: AdminTokens;
  readonly mintToken: MintToken;
  readonly log: Log;
  /** What documents in force ask for and cannot have; shown in their status. */
  problems(): readonly DocumentProblem[];
  /** What the ports of a Service carry; shown in its status. */
  servicePorts(namespace: string, name: string): readonly PortStatus[];
  readonly describeService: DescribeService;
  certificates(): readonly CertificateInfo[];
  /** `host:port` of the control plane's own metrics, for Prometheus; `null` when there are none. */
  controlPlaneMetrics(): string | null;
  /** Host names and addresses by which callers may know this server, beside loopback and its own address. */
  readonly hostNames?: readonly string[];
  readonly now?: () => number;
}

/**
 * The REST API.
 *
 * `/healthz` is open. Everything else wants an admin token, reads too: what a mesh looks like is nobody else's business.
 * No answer carries CORS headers, so no page of another origin can read one.
 */
export function apiApp(options: ApiOptions, streams: OpenStreams): Hono<{ Bindings: HttpBindings }> {
  const { store, registry, lookup, proxies, log, now = Date.now } = options;
  const repository = new DocumentRepository({ store, registry, log, now });
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.onError((error, context) => {
    const known = knownError(error, log);
    const { reason } = known;
    if (reason === 'Unauthorized') context.header('WWW-Authenticate', 'Bearer realm="heddle"');
    if (reason === 'ServiceUnavailable' || reason === 'TooManyRequests') context.header('Retry-After', '1');
    // what is left of an oversized body is not worth reading
    if (reason === 'RequestEntityTooLarge') context.header('Connection', 'close');
    return context.json(failureStatus(known), failureReasons[reason]);
  });
  app.notFound((context) => {
    const error = new ApiError('NotFound', 'there is nothing at this path');
    return context.json(failureStatus(error), 404);
  });
  app.use(requirePlainPath());
  app.use(requireOurHost(options.hostNames ?? []));
  app.use(async (context, next) => {
    await next();
    context.header('X-Content-Type-Options', 'nosniff');
  });
  app.get('/healthz', (context) => context.text('ok\n'));
  app.use(requireAdmin(options.adminTokens));
  const convergence = (revision: number) => proxies.convergence(revision, 0, new AbortController().signal);
  const { problems, servicePorts } = options;
  app.route('/', documentRoutes({ store, registry, repository, lookup, streams, problems, servicePorts, convergence }));
  app.route('/', proxyRoutes(proxies, streams));
  app.route('/', serviceRoutes(options.describeService, proxies, options.telemetry, now));
  app.route('/', changeRoutes(store));
  app.route('/', trafficRoutes(options.telemetry, registry));
  app.route('/', eventRoutes(options.telemetry, streams, now));
  app.route('/', tokenRoutes(options.mintToken, now));
  app.route('/', certificateRoutes(options.certificates));
  app.route('/', prometheusDiscovery(registry, options.controlPlaneMetrics));
  return app;
}

/** What a caller is told of an error. Of one that nobody expected only a number, under which the log has the rest. */
function knownError(error: Error, log: Log): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof StoreFailedError) {
    log('error', 'a write was refused', { reason: error.message });
    return new ApiError('ServiceUnavailable', 'the store takes no writes since one could not be made durable', null, {
      cause: error,
    });
  }
  const incident = randomUUID();
  log('error', 'an API call failed', { incident, error: error.stack ?? error.message });
  return new ApiError('InternalError', `this should not have happened; the log has it as ${incident}`);
}
