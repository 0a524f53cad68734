import type { HeaderValueOption__Output } from '../generated/envoy/config/core/v3/HeaderValueOption.ts';
import type { Path, Violations } from '../violation.ts';
import { requireOneOf } from './field-checks.ts';
import { holdsCommand, isHeaderName, isHeaderValue } from './http-text.ts';

/**
 * Headers that no rule may change. The first ones say where a message ends or how long a connection lives, and a rule
 * that changed them would change what the next hop takes for a message. `host` decides the destination and has a field
 * of its own. What begins with `x-heddle-` is said between sidecars.
 */
const PROTECTED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
]);

interface HeaderChanges {
  readonly request_headers_to_add: readonly HeaderValueOption__Output[];
  readonly request_headers_to_remove: readonly string[];
  readonly response_headers_to_add: readonly HeaderValueOption__Output[];
  readonly response_headers_to_remove: readonly string[];
}

export function checkHeaderChanges(changes: HeaderChanges, at: Path, violations: Violations): void {
  for (const field of ['request_headers_to_add', 'response_headers_to_add'] as const) {
    for (const [index, option] of changes[field].entries()) {
      checkOption(option, at.field(field).index(index), violations);
    }
  }
  for (const field of ['request_headers_to_remove', 'response_headers_to_remove'] as const) {
    for (const [index, name] of changes[field].entries()) {
      checkName(name, at.field(field).index(index), violations);
    }
  }
}

function checkOption(option: HeaderValueOption__Output, at: Path, violations: Violations): void {
  requireOneOf(
    option.append_action,
    ['APPEND_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS_OR_ADD'],
    at.field('append_action'),
    violations,
  );
  if (option.header === null) {
    violations.add(at.field('header'), 'is required');
    return;
  }
  const { key, value } = option.header;
  const valueAt = at.field('header').field('value');
  checkName(key, at.field('header').field('key'), violations);
  if (!isHeaderValue(value)) {
    violations.add(
      valueAt,
      'is not a header value: it holds control characters or others outside Latin-1, or is too long',
    );
  } else if (holdsCommand(value)) {
    violations.add(valueAt, 'holds a %COMMAND%, which is not supported by the sidecar');
  } else if (value === '' && !option.keep_empty_value) {
    violations.add(valueAt, 'is empty; keep_empty_value says that this is meant');
  }
}

function checkName(name: string, at: Path, violations: Violations): void {
  const lowerCase = name.toLowerCase();
  if (!isHeaderName(name)) {
    violations.add(at, `is not a header name: ${JSON.stringify(name.slice(0, 100))}`);
  } else if (PROTECTED.has(lowerCase) || lowerCase.startsWith('x-heddle-')) {
    violations.add(at, `names ${lowerCase}, which no rule may change`);
  }
}
