import type { ProxyConfig } from '../../proxy/config.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { parentGone, report } from '../parent-link.ts';
import type { Style } from '../terminal/style.ts';
import { styleFor } from '../terminal/style.ts';
import type { Application } from './application.ts';
import { startApplication } from './application.ts';
import { applicationEnvironment } from './application-environment.ts';
import { openListeners } from './open-listeners.ts';
import type { SidecarOptions } from './sidecar-options.ts';
import { sidecarConfig } from './sidecar-options.ts';
import { sidecarReadiness } from './sidecar-readiness.ts';
import { supervise } from './supervise.ts';
import { warnAboutListeners } from './warn-about-listeners.ts';

/** `heddle run`: a sidecar in this process and the program beside it. Resolves with the exit code to leave with. */
export function runBeside(program: readonly string[], options: SidecarOptions): Promise<number> {
  return withSidecar(options, async (proxy, style) => {
    const application = await startApplication(program, applicationEnvironment(process.env, proxy.outboundPort));
    report({ kind: 'application', pid: application.pid });
    const end = warnAboutListeners({
      look: () => openListeners(application.pid),
      warn: (line) => console.error(`${style.warning} ${line}`),
    });
    void application.exited.then(end);
    return application;
  });
}

/** `heddle proxy`: as `heddle run`, with nothing beside it. */
export function runAlone(options: SidecarOptions): Promise<number> {
  return withSidecar(options, async () => {
    let end: (exitCode: number) => void = () => {};
    const exited = new Promise<number>((resolve) => {
      end = resolve;
    });
    const ending: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGKILL'];
    return { pid: process.pid, exited, signal: (name) => ending.includes(name) && end(0) };
  });
}

async function withSidecar(
  options: SidecarOptions,
  startBeside: (proxy: RunningProxy, style: Style) => Promise<Application>,
): Promise<number> {
  const style = styleFor(process.stderr);
  const say = (line: string) => console.error(line);
  const config = await sidecarConfig(options);
  const proxy = await start(config);
  const ready = sidecarReadiness(proxy, options.readyTimeout, say);
  const failed = proxy.failed.catch((error: Error) => {
    throw new CliError(`the sidecar cannot go on: ${error.message}`, 'its log, above', exitCodes.failed, {
      cause: error,
    });
  });
  return supervise({
    sidecar: { ready, failed, drain: () => proxy.drain(), close: () => proxy.close() },
    startApplication: () => {
      say(`${style.good} ${config.name} is in the mesh: ${placesOf(proxy)}`);
      report({ kind: 'sidecar', adminAddress: proxy.adminAddress });
      return startBeside(proxy, style);
    },
    signals: process,
    ...(options.withParent && { orphaned: parentGone() }),
    say,
  });
}

async function start(config: ProxyConfig): Promise<RunningProxy> {
  const { runProxy } = await import('../../proxy/main.ts');
  try {
    return await runProxy(config);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'InvalidJoinTokenError') throw error;
    const hint = `heddle token --service ${config.service} > ${config.service}.token`;
    throw new CliError(error.message, hint, exitCodes.usage, { cause: error });
  }
}

function placesOf({ adminAddress, outboundPort, inboundPorts }: RunningProxy): string {
  const inbound = [...inboundPorts].map(([port, sidecarPort]) => `port ${port} reached at ${sidecarPort}`);
  return [...inbound, `HTTP proxy 127.0.0.1:${outboundPort}`, `admin http://${adminAddress}`].join(' · ');
}
