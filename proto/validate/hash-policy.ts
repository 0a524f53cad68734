import type { _envoy_config_route_v3_RouteAction_HashPolicy__Output as HashPolicy__Output } from '../generated/envoy/config/route/v3/RouteAction.ts';
import type { Path, Violations } from '../violation.ts';
import { checkDuration } from './field-checks.ts';
import { isHeaderName } from './http-text.ts';

/** Each costs a look-up and a hash for each request. */
const MAX_POLICIES = 16;

/** `RouteAction.hash_policy`. */
export function checkHashPolicies(policies: readonly HashPolicy__Output[], at: Path, violations: Violations): void {
  if (policies.length > MAX_POLICIES) violations.add(at, `must be at most ${MAX_POLICIES}, and is ${policies.length}`);
  for (const [index, policy] of policies.entries()) checkHashPolicy(policy, at.index(index), violations);
}

function checkHashPolicy(policy: HashPolicy__Output, at: Path, violations: Violations): void {
  switch (policy.policy_specifier) {
    case 'header': {
      const name = policy.header?.header_name ?? '';
      const isPseudo = name === ':path' || name === ':authority' || name === ':method';
      if (!isPseudo && !isHeaderName(name)) {
        violations.add(at.field('header').field('header_name'), `is not a header name: ${quote(name)}`);
      }
      break;
    }
    case 'cookie': {
      const cookieAt = at.field('cookie');
      const { name = '', ttl = null, path = '', attributes = [] } = policy.cookie ?? {};
      checkCookie(name, path, cookieAt, violations);
      checkDuration(ttl, cookieAt.field('ttl'), violations);
      for (const [index, attribute] of attributes.entries()) {
        const isSound = isHeaderName(attribute.name) && isCookieText(attribute.value);
        if (!isSound) violations.add(cookieAt.field('attributes').index(index), 'is not an attribute of a cookie');
      }
      break;
    }
    case 'connection_properties':
      if (policy.connection_properties?.source_ip !== true) {
        violations.add(at.field('connection_properties').field('source_ip'), 'must be true: there is nothing else');
      }
      break;
    case 'query_parameter': {
      const name = policy.query_parameter?.name ?? '';
      if (name === '') violations.add(at.field('query_parameter').field('name'), 'is required');
      break;
    }
    default:
      violations.add(at, 'needs header, cookie, connection_properties or query_parameter');
  }
}

/** Name and path of a cookie that the sidecar may have to write itself. */
export function checkCookie(name: string, path: string, at: Path, violations: Violations): void {
  if (!isHeaderName(name)) violations.add(at.field('name'), `is not the name of a cookie: ${quote(name)}`);
  if (path !== '' && !isCookieText(path)) violations.add(at.field('path'), 'holds what a cookie cannot hold');
}

/** RFC 6265 section 4.1.1, `av-octet`. */
function isCookieText(text: string): boolean {
  return /^[\x20-\x3a\x3c-\x7e]*$/.test(text);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
