import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { HeddleBuild } from './heddle-build.ts';
import type { Variant } from './options.ts';
import { ownBuild } from './peers/heddle.ts';
import type { Scenario } from './scenario.ts';

/** The scenarios with each variant of Heddle right behind Heddle itself, in the same place. */
export function withVariants(all: readonly Scenario[], variants: readonly Variant[]): Scenario[] {
  const builds = variants.map(buildOf);
  return all.map((scenario) => ({
    ...scenario,
    peers: scenario.peers.flatMap((peer) => [peer, ...builds.flatMap((build) => peer.variant?.(build) ?? [])]),
  }));
}

/** `.` is the build that runs; of any other checkout it is what lies in its `dist/`. */
function buildOf({ name, folder, flags, environment }: Variant): HeddleBuild {
  const checkout = resolve(folder);
  const isOwn = folder === '.';
  const built = existsSync(join(checkout, 'dist')) ? join(checkout, 'dist') : checkout;
  return { name, folder: isOwn ? ownBuild.folder : built, flags, environment };
}
