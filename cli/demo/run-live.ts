import { CliError } from '../cli-error.ts';
import { withClient } from '../connect.ts';
import { resolveConnection } from '../context.ts';
import { packageRoot } from '../package-root.ts';
import { bringUp, trustDomain } from './bring-up.ts';
import { controlPlaneFolder } from './demo-mesh.ts';
import type { Stage } from './stage.ts';
import { thingsToTry } from './story.ts';

/** A rate that a laptop does not notice, and that fills the tables within seconds. */
const callsPerSecond = 100;
const contextName = 'demo';

/** Runs the shop until it is told to stop: Ctrl-C ends it from outside, it never fulfils. */
export async function runLive(stage: Stage): Promise<never> {
  await refuseSecond(stage.environment);
  // The user may have thrown the context away that an earlier demo left; its control plane then needs a new token.
  const hasContext = await isThere(contextName, stage.environment);
  // All of the demo is on this host, so nobody else has business at its door.
  const here = ['--xds-host', '127.0.0.1'];
  const flags = [...here, '--context-name', contextName, ...(hasContext ? [] : ['--new-admin-token'])];
  const { controlPlane } = await bringUp(stage, { controlPlane: flags, hangingUp: false, callsPerSecond });
  const isCurrent = (await currentApi()) === controlPlane.apiUrl;
  for (const line of thingsToTry(packageRoot, process.cwd(), isCurrent ? null : controlPlane.contextName))
    stage.say(line);
  stage.say('\nCtrl-C stops everything.');
  await stage.mesh.controlPlaneLost();
  const restart = `npx heddle control-plane --state-dir ${controlPlaneFolder(stage.folder)} --trust-domain ${trustDomain} ${here.join(' ')}`;
  stage.say(`The shop goes on without it. It comes back with:\n  ${restart}`);
  return new Promise<never>(() => {});
}

/** Two demos would share state and ports. Whoever answers to the token of the demo's context is one that runs. */
async function refuseSecond(environment: NodeJS.ProcessEnv): Promise<void> {
  const running = await withClient({ context: contextName }, (client) => client.certificates(), environment).then(
    () => true,
    () => false,
  );
  if (running)
    throw new CliError('a demo runs already', `heddle stat --context ${contextName}   or end it with Ctrl-C`);
}

async function isThere(context: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  return resolveConnection({ context }, environment).then(
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
