import { textOf } from '../format-text.ts';
import type { HeaderValueOption__Output } from '../generated/envoy/config/core/v3/HeaderValueOption.ts';
import { isProtectedHeader, reasonHeader } from '../protected-headers.ts';
import type { Path, Violations } from '../violation.ts';
import { requireOneOf } from './field-checks.ts';
import { isHeaderName, isHeaderValue, NO_COMMANDS } from './http-text.ts';

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
      // an application's claim, which an Envoy takes off its answers
      if (field === 'response_headers_to_remove' && name === reasonHeader) continue;
      checkChangedHeader(name, at.field(field).index(index), violations);
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
  checkChangedHeader(key, at.field('header').field('key'), violations);
  if (!isHeaderValue(value)) {
    violations.add(
      valueAt,
      'is not a header value: it holds control characters or others outside Latin-1, or is too long',
    );
  } else if (textOf(value) === null) {
    violations.add(valueAt, NO_COMMANDS);
  } else if (value === '' && !option.keep_empty_value) {
    violations.add(valueAt, 'is empty; keep_empty_value says that this is meant');
  }
}

/** The name of a header that a sidecar writes because somebody asks for it. */
export function checkChangedHeader(name: string, at: Path, violations: Violations): void {
  const lowerCase = name.toLowerCase();
  if (!isHeaderName(name)) {
    violations.add(at, `is not a header name: ${JSON.stringify(name.slice(0, 100))}`);
  } else if (isProtectedHeader(lowerCase)) {
    violations.add(at, `names ${lowerCase}, which no rule may change`);
  }
}
