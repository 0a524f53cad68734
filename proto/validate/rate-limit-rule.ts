import type { PackedMessage } from '../any.ts';
import type {
  _envoy_config_route_v3_RateLimit_Action__Output as Action,
  RateLimit__Output,
} from '../generated/envoy/config/route/v3/RateLimit.ts';
import type { Path, Violations } from '../violation.ts';
import { refuse } from './field-checks.ts';
import { isHeaderName } from './http-text.ts';
import { checkHeaderMatcher } from './matcher.ts';
import { unpackAt } from './unpack-at.ts';

/** Of one route: each is looked at for each request. A policy makes 64 at most, and a port may belong to several services. */
export const MAX_RULES = 1024;

/** What one request may count for (Envoy). */
const MAX_HITS = 1_000_000_000;

const RATE_UNITS = ['SECOND', 'MINUTE', 'HOUR', 'DAY', 'MONTH', 'YEAR'] as const;

/** What of a request is counted. `mayCarryRate`: towards a service that is told the limit with each request. */
export function checkRateLimitRule(
  rule: RateLimit__Output,
  at: Path,
  violations: Violations,
  mayCarryRate = false,
): void {
  const { actions, hits_addend: addend } = rule;
  refuse(rule, mayCarryRate ? ['limit'] : ['limit', 'hits_addend'], at, violations);
  if (BigInt(addend?.number?.value ?? 0) > MAX_HITS) {
    violations.add(at.field('hits_addend').field('number'), `must be at most ${MAX_HITS}`);
  }
  if (actions.length === 0) violations.add(at.field('actions'), 'is empty');
  for (const [index, action] of actions.entries()) {
    checkAction(action, at.field('actions').index(index), violations, mayCarryRate);
  }
}

function checkAction(action: Action, at: Path, violations: Violations, mayCarryRate: boolean): void {
  switch (action.action_specifier) {
    case 'request_headers': {
      const name = action.request_headers?.header_name ?? '';
      if (!isHeaderName(name)) violations.add(at.field('request_headers').field('header_name'), 'is not a header name');
      if (action.request_headers?.descriptor_key === '') {
        violations.add(at.field('request_headers').field('descriptor_key'), 'is required');
      }
      if (action.request_headers?.skip_if_absent) {
        violations.add(at.field('request_headers').field('skip_if_absent'), 'is not supported by the sidecar');
      }
      return;
    }
    case 'header_value_match':
      for (const [index, header] of (action.header_value_match?.headers ?? []).entries()) {
        checkHeaderMatcher(header, at.field('header_value_match').field('headers').index(index), violations);
      }
      return;
    case 'extension':
      checkExtension(
        action.extension?.typed_config,
        at.field('extension').field('typed_config'),
        violations,
        mayCarryRate,
      );
      return;
    case 'generic_key':
    case 'remote_address':
      return;
    case undefined:
      violations.add(at, 'needs request_headers, remote_address, generic_key, header_value_match or extension');
  }
}

function checkExtension(
  packed: PackedMessage | null | undefined,
  at: Path,
  violations: Violations,
  mayCarryRate: boolean,
): void {
  const names = mayCarryRate
    ? (['heddle.v1.PeerPrincipal', 'heddle.v1.RequestRate'] as const)
    : (['heddle.v1.PeerPrincipal'] as const);
  const unpacked = unpackAt<(typeof names)[number]>(names, packed, at, violations);
  if (unpacked?.name !== 'heddle.v1.RequestRate') return;
  if (!(RATE_UNITS as readonly (string | number)[]).includes(unpacked.message.unit)) {
    violations.add(at.field('unit'), `must be one of ${RATE_UNITS.join(', ')}`);
  }
}
