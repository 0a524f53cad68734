import type { PackedMessage } from '../any.ts';
import { FAULT_FILTER } from '../extension-names.ts';
import type { Path, Violations } from '../violation.ts';
import { checkFault } from './fault.ts';
import { unpackAt } from './unpack-at.ts';

/** `typed_per_filter_config` of a route: what its filters do. A filter that the sidecar does not have is no filter to leave out. */
export function checkPerFilterConfig(
  configs: Readonly<Record<string, PackedMessage>>,
  at: Path,
  violations: Violations,
): void {
  for (const [name, config] of Object.entries(configs)) {
    const configAt = at.key(name);
    if (name !== FAULT_FILTER) {
      violations.add(configAt, `is not a filter of the sidecar; there is ${FAULT_FILTER}`);
      continue;
    }
    const fault = unpackAt(['envoy.extensions.filters.http.fault.v3.HTTPFault'], config, configAt, violations);
    if (fault !== null) checkFault(fault.message, configAt, violations);
  }
}
