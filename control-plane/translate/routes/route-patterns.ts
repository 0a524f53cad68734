import { UnpackError, unpackAs } from '../../../proto/any.ts';
import { CORS_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';

type Route = Input<'envoy.config.route.v3.Route'>;

/** Patterns of the conditions of a route. */
export function patternsOfMatch({ match }: Route): readonly string[] {
  if (!match) return [];
  const texts = [...(match.headers ?? []), ...(match.query_parameters ?? [])];
  const patterns = texts.flatMap(({ string_match: text }) => text?.safe_regex?.regex ?? []);
  if (match.safe_regex?.regex) patterns.push(match.safe_regex.regex);
  return patterns;
}

/**
 * Patterns of what a route does, as far as its rule says it: its rewrite, and the origins that it lets in. Those of its retries
 * are few and the same for all routes of a port, and have room of their own (`resourceRoom`).
 */
export function patternsOfRule({ route, typed_per_filter_config: configs }: Route): readonly string[] {
  const rewrite = route?.regex_rewrite?.pattern?.regex;
  return [...(rewrite ? [rewrite] : []), ...patternsOfOrigins(configs)];
}

function patternsOfOrigins(configs: Route['typed_per_filter_config']): readonly string[] {
  const cors = configs?.[CORS_FILTER];
  if (!cors || !('value' in cors)) return [];
  try {
    const { type_url = '', value } = cors;
    const policy = unpackAs('envoy.extensions.filters.http.cors.v3.CorsPolicy', { type_url, value: value as Buffer });
    return policy.allow_origin_string_match.flatMap(({ safe_regex: pattern }) => pattern?.regex ?? []);
  } catch (error) {
    if (error instanceof UnpackError) return [];
    throw error;
  }
}
