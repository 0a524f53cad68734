import { durationToMs } from '../../proto/duration.ts';
import type {
  _envoy_config_route_v3_RouteAction_HashPolicy_Cookie__Output as Cookie__Output,
  _envoy_config_route_v3_RouteAction_HashPolicy__Output as HashPolicy__Output,
} from '../../proto/generated/envoy/config/route/v3/RouteAction.ts';
import type { CookieForm } from '../message/cookie.ts';
import type { HashRule } from '../route/hash-policy.ts';
import { HashPolicies } from '../route/hash-policy.ts';

/** `RouteAction.hash_policy`; null for none. */
export function compileHashPolicies(
  policies: readonly HashPolicy__Output[],
  random: () => number,
): HashPolicies | null {
  return policies.length === 0 ? null : new HashPolicies(policies.map(compileRule), random);
}

function compileRule(policy: HashPolicy__Output): HashRule {
  const { terminal, cookie } = policy;
  if (policy.header) return { kind: 'header', name: policy.header.header_name.toLowerCase(), terminal };
  if (policy.query_parameter) return { kind: 'query', name: policy.query_parameter.name, terminal };
  if (cookie) return { kind: 'cookie', name: cookie.name, made: madeCookie(cookie), terminal };
  return { kind: 'source-ip', terminal };
}

/** Absent and zero are opposites: no cookie is made, and one for the client's session. */
function madeCookie({ name, ttl, path, attributes }: Cookie__Output): CookieForm | null {
  if (ttl === null) return null;
  const maxAgeSeconds = Math.floor(durationToMs(ttl) / 1000);
  return { name, maxAgeSeconds, path, attributes: attributes.map((attribute) => [attribute.name, attribute.value]) };
}
