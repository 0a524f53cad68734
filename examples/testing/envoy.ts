import { findEnvoy } from '../../bench/load/peers/envoy-binary.ts';
import { hasProgram } from './programs.ts';

/**
 * A stock Envoy, where the benchmark finds it too; null where this machine has none, and then tests skip themselves visibly:
 * `describe.skipIf(envoy === null)`. `HEDDLE_REQUIRE=envoy` makes that a failure.
 */
export function stockEnvoy(): string | null {
  const found = findEnvoy();
  if (found === null) hasProgram('envoy');
  return found;
}
