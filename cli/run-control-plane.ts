import { controlPlaneConfig, runControlPlane, startFailure } from '../control-plane/main.ts';
import { adoptContext } from './adopt-context.ts';
import { CliError, exitCodes } from './cli-error.ts';
import { contextFilePath } from './context.ts';
import { parentGone, report } from './parent-link.ts';
import { styleFor } from './terminal/style.ts';

/**
 * Runs a control plane until SIGTERM or SIGINT; a second signal does not wait for an orderly end.
 *
 * @throws CliError exit code 2 when something is in the way of the start: a flag, a port, the state directory
 */
export async function runControlPlaneUntilStopped(parameters: readonly string[], withParent: boolean): Promise<void> {
  const running = await start(parameters);
  const { apiUrl, xdsAddress, metricsUrl, contextName } = running;
  const { good } = styleFor(process.stderr);
  // A context file that cannot be written is a nuisance, and no reason to end a control plane that runs.
  const adopted =
    contextName !== null && (await adoptContext(contextFilePath(), contextName, apiUrl).catch(() => false));
  const context = contextName === null ? '' : ` · context ${contextName}${adopted ? ', now the current one' : ''}`;
  console.error(
    `${good} control plane   ${apiUrl} · xDS ${xdsAddress} · metrics ${metricsUrl.replace('http://', '')}${context}`,
  );
  report({ kind: 'control-plane', apiUrl, xdsAddress, metricsUrl, contextName });
  await Promise.race([signal(), ...(withParent ? [parentGone()] : [])]);
  void signal().then(() => process.exit(1));
  await running.close();
}

async function start(parameters: readonly string[]) {
  try {
    return await runControlPlane(controlPlaneConfig(parameters));
  } catch (error) {
    const failure = startFailure(error);
    if (failure === null) throw error;
    throw new CliError(failure.message, failure.hint, exitCodes.usage, { cause: error });
  }
}

function signal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(name, () => resolve());
  });
}
