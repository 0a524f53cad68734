import type { BufferPerRoute__Output } from '../generated/envoy/extensions/filters/http/buffer/v3/BufferPerRoute.ts';
import type { Path, Violations } from '../violation.ts';
import { checkUInt32 } from './field-checks.ts';

/** envoy.extensions.filters.http.buffer.v3.BufferPerRoute */
export function checkBuffer(perRoute: BufferPerRoute__Output, at: Path, violations: Violations): void {
  // as in Envoy, where a false that is set says nothing
  if (perRoute.override === undefined || perRoute.disabled === false) {
    violations.add(at, 'must have disabled, as true, or buffer');
    return;
  }
  const max = perRoute.buffer?.max_request_bytes ?? null;
  const maxAt = at.field('buffer').field('max_request_bytes');
  if (perRoute.buffer && max === null) violations.add(maxAt, 'is required');
  checkUInt32(max, maxAt, violations, { min: 1 });
}
