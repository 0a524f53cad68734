import { AuthorityStateError } from './ca/certificate-authority.ts';
import type { ControlPlaneConfig } from './config.ts';
import { ConfigError, readConfig, usage } from './config.ts';
import type { RunningControlPlane } from './control-plane.ts';
import { ControlPlaneStartError, startControlPlane } from './control-plane.ts';
import { StoreOpenError } from './store/store.ts';

/**
 * Starts a control plane in this process.
 *
 * @throws an error for which {@link startFailure} has words, when the configuration or the machine is in the way
 */
export function runControlPlane(config: ControlPlaneConfig): Promise<RunningControlPlane> {
  return startControlPlane(config);
}

/** The configuration that flags and environment make. @throws ConfigError */
export function controlPlaneConfig(
  parameters: readonly string[] = [],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ControlPlaneConfig {
  return readConfig(parameters, environment);
}

/** What to tell the user of an error at the start, and what to try; `null` for one that is a fault of ours. */
export function startFailure(error: unknown): { readonly message: string; readonly hint: string } | null {
  if (error instanceof ConfigError) {
    return { message: error.message, hint: 'heddle control-plane --help' };
  }
  if (error instanceof StoreOpenError) {
    return { message: error.message, hint: 'heddle control-plane --state-dir <another directory>' };
  }
  if (error instanceof AuthorityStateError) {
    return { message: error.message, hint: 'a backup of that file, or --state-dir <another directory> for a new mesh' };
  }
  if (error instanceof ControlPlaneStartError) {
    return { message: error.message, hint: 'heddle control-plane --xds-port 0 --api-port 0 --metrics-port 0' };
  }
  return null;
}

/**
 * A whole run of the program: starts, waits for SIGTERM or SIGINT, and closes. A second signal ends it at once.
 *
 * @returns the exit code: 0 after a signal, 2 when something is in the way of the start
 */
export async function main(parameters: readonly string[]): Promise<number> {
  if (parameters.includes('--help')) {
    process.stdout.write(`${usage()}\n`);
    return 0;
  }
  let running: RunningControlPlane;
  try {
    running = await runControlPlane(controlPlaneConfig(parameters));
  } catch (error) {
    const failure = startFailure(error);
    if (failure === null) {
      throw error;
    }
    process.stderr.write(`error: ${failure.message}\nTry: ${failure.hint}\n`);
    return 2;
  }
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await running.close();
  return 0;
}
