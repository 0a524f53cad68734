import { pack } from '../../../proto/any.ts';
import { CORS_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import type { Cors } from '../../model/cors.ts';
import type { HttpRouteFilter } from '../../model/http-route-filter.ts';

type Route = Input<'envoy.config.route.v3.Route'>;
type StringMatcher = Input<'envoy.type.matcher.v3.StringMatcher'>;

/** The part of a route that lets pages of other origins use it. */
export function corsConfig(filters: readonly HttpRouteFilter[]): Route {
  const cors = filters.find((filter) => filter.cors !== undefined)?.cors;
  if (cors === undefined) return {};
  return {
    typed_per_filter_config: { [CORS_FILTER]: pack('envoy.extensions.filters.http.cors.v3.CorsPolicy', policy(cors)) },
  };
}

function policy(cors: Cors): Input<'envoy.extensions.filters.http.cors.v3.CorsPolicy'> {
  return {
    allow_origin_string_match: cors.allowOrigins.map(originMatch),
    allow_methods: cors.allowMethods.join(', '),
    allow_headers: cors.allowHeaders.join(', '),
    expose_headers: cors.exposeHeaders.join(', '),
    max_age: String(cors.maxAge),
    allow_credentials: { value: cors.allowCredentials },
    // Gateway API: a page that is not let in is told so, whatever the application would say.
    forward_not_matching_preflights: { value: false },
  };
}

/** Scheme and host of an origin are in lower case, whatever a document has. */
function originMatch(written: string): StringMatcher {
  if (written === '*') return { safe_regex: { regex: '.+' } };
  const origin = written.toLowerCase();
  if (!origin.includes('*')) return { exact: origin };
  const [before = '', after = ''] = origin.split('*');
  return { safe_regex: { regex: `${literal(before)}[a-z0-9.-]+${literal(after)}` } };
}

function literal(text: string): string {
  return text.replace(/[.+]/g, '\\$&');
}
