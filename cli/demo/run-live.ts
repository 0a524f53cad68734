import { resolveConnection } from '../context.ts';
import { packageRoot } from '../package-root.ts';
import { bringUp } from './bring-up.ts';
import type { Stage } from './stage.ts';
import { thingsToTry } from './story.ts';

/** A rate that a laptop does not notice, and that fills the tables within seconds. */
const callsPerSecond = 100;
const contextName = 'demo';

/** Runs the shop until it is told to stop: Ctrl-C ends it from outside, it never fulfils. */
export async function runLive(stage: Stage): Promise<never> {
  // The user may have thrown the context away that an earlier demo left; its control plane then needs a new token.
  const hasContext = await isThere(contextName);
  const flags = ['--context-name', contextName, ...(hasContext ? [] : ['--new-admin-token'])];
  const { controlPlane } = await bringUp(stage, { controlPlane: flags, hangingUp: false, callsPerSecond });
  const isCurrent = (await currentApi()) === controlPlane.apiUrl;
  for (const line of thingsToTry(packageRoot, process.cwd(), isCurrent ? null : controlPlane.contextName))
    stage.say(line);
  stage.say('\nCtrl-C stops everything.');
  return new Promise<never>(() => {});
}

async function isThere(context: string): Promise<boolean> {
  return resolveConnection({ context }, {}).then(
    () => true,
    () => false,
  );
}

async function currentApi(): Promise<string | null> {
  return resolveConnection({}).then(
    ({ api }) => api,
    () => null,
  );
}
