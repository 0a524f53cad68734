import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningProgram } from '../testing/program.ts';
import { startProgram } from '../testing/program.ts';

export interface EnvoyOptions {
  readonly program: string;
  readonly workload: string;
  readonly service: string;
  /** Where a sidecar of the service keeps its state: its certificate is what the Envoy shows. */
  readonly stateDirectory: string;
  /** `127.0.0.1:15012` */
  readonly xdsAddress: string;
  readonly outboundPort: number;
  /** Resolves when something listens there. */
  readonly waitsFor: number;
}

/** An Envoy with the bootstrap of this folder, which refuses what it does not know. */
export function startEnvoy(options: EnvoyOptions): Promise<RunningProgram> {
  const { stateDirectory: folder, workload } = options;
  const identity = JSON.parse(readFileSync(join(folder, 'identity.json'), 'utf8')) as Record<string, string>;
  const write = (name: string, text = ''): void => writeFileSync(join(folder, name), text, { mode: 0o600 });
  write('chain.pem', identity.certificateChainPem);
  write('key.pem', identity.privateKeyPem);
  write('roots.pem', identity.trustBundlePem);
  const values: Readonly<Record<string, string>> = {
    WORKLOAD: workload,
    SERVICE: options.service,
    OUTBOUND_PORT: String(options.outboundPort),
    FOLDER: folder,
    XDS_PORT: options.xdsAddress.slice(options.xdsAddress.lastIndexOf(':') + 1),
  };
  const template = readFileSync(join(import.meta.dirname, 'bootstrap.yaml'), 'utf8');
  write(
    'envoy.yaml',
    template.replaceAll(/\$\{([A-Z_]+)\}/g, (whole, name: string) => values[name] ?? whole),
  );
  const parameters = ['--config-path', join(folder, 'envoy.yaml'), '--reject-unknown-dynamic-fields'];
  const quiet = ['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warn'];
  return startProgram(options.program, [...parameters, ...quiet], options.waitsFor);
}
