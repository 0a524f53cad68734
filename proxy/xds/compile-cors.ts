import { unpackAs } from '../../proto/any.ts';
import { CORS_FILTER } from '../../proto/extension-names.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import { CorsFilter } from '../filter/cors-filter.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import { compileString } from './compile-matchers.ts';

/** Null where the route says nothing of other origins. */
export function compileCors(route: Route__Output): RequestFilter | null {
  const packed = route.typed_per_filter_config[CORS_FILTER];
  if (packed === undefined) return null;
  const policy = unpackAs('envoy.extensions.filters.http.cors.v3.CorsPolicy', packed);
  return new CorsFilter({
    origins: policy.allow_origin_string_match.map(compileString),
    allowMethods: policy.allow_methods,
    allowHeaders: policy.allow_headers,
    exposeHeaders: policy.expose_headers,
    maxAge: policy.max_age,
    allowCredentials: policy.allow_credentials?.value ?? false,
    forwardsOtherPreflights: policy.forward_not_matching_preflights?.value ?? true,
  });
}
