import type { FallbackMetadata } from '../../../proto/fallback-metadata.ts';
import { formatFallbackMetadata } from '../../../proto/fallback-metadata.ts';
import type { Input } from '../../../proto/load.ts';
import type { WrittenFallback } from '../../model/traffic-policy/fallback.ts';
import type { Backend, BackendName } from '../services/backends.ts';

type Route = Input<'envoy.config.route.v3.Route'>;

/** The route with its fallback; as it is where there is none, or none that exists, or where nothing is forwarded. */
export function withFallback(
  route: Route,
  fallback: WrittenFallback | null,
  resolve: (reference: BackendName) => Backend,
): Route {
  const said = fallback === null || !route.route ? null : fallbackOf(fallback, resolve);
  if (said === null) return route;
  return {
    ...route,
    metadata: { filter_metadata: { ...route.metadata?.filter_metadata, ...formatFallbackMetadata(said) } },
  };
}

function fallbackOf(
  { backendRef, directResponse }: WrittenFallback,
  resolve: (reference: BackendName) => Backend,
): FallbackMetadata | null {
  if (backendRef !== undefined) {
    const backend = resolve(backendRef);
    return 'missing' in backend ? null : { kind: 'cluster', cluster: backend.cluster };
  }
  const { statusCode: status = 503, contentType = 'text/plain', body = '' } = directResponse ?? {};
  return { kind: 'respond', status, contentType, body };
}
