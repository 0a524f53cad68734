import type { Path, Violations } from '../violation.ts';
import { requireUnique } from './field-checks.ts';

/** A connection manager's `upgrade_configs` and those of a route are different messages of one shape. */
interface UpgradeConfig {
  readonly upgrade_type: string;
}

/** `known` are in lower case: the name of an upgrade is compared without regard to case (Envoy). */
export function checkUpgrades(
  upgrades: readonly UpgradeConfig[],
  known: readonly string[],
  at: Path,
  violations: Violations,
): void {
  const names = upgrades.map((upgrade) => upgrade.upgrade_type.toLowerCase());
  for (const [index, name] of names.entries()) {
    if (!known.includes(name)) {
      const given = JSON.stringify(upgrades[index]?.upgrade_type.slice(0, 100));
      violations.add(at.index(index).field('upgrade_type'), `must be ${known.join(' or ')}, and is ${given}`);
    }
  }
  requireUnique(names, (index) => at.index(index).field('upgrade_type'), violations);
}
