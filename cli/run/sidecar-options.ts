import { resolve } from 'node:path';
import { Option } from 'commander';
import type { ApplicationPort, ProxyConfig } from '../../proxy/config.ts';
import type { ApiOptions } from '../api-options.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { resolveConnection } from '../context.ts';
import type { HeddleCommand } from '../heddle-command.ts';
import {
  applicationPortValues,
  bytesValue,
  concurrencyValue,
  durationValue,
  labelValues,
  nameValue,
  portValue,
  repeatedValues,
  upstreamValues,
} from '../option-values.ts';
import { defaultStateDirectory } from '../state-directory.ts';
import { findJoinToken } from './find-join-token.ts';

/** Flags of the two commands that are a sidecar: `heddle run` and `heddle proxy`. */
export interface SidecarOptions extends ApiOptions {
  readonly service: string;
  readonly namespace: string;
  readonly name?: string;
  readonly version?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly port?: readonly ApplicationPort[];
  readonly upstream?: ReadonlyMap<string, number>;
  readonly dnsServer: readonly string[];
  readonly dnsLoopback: boolean;
  readonly tlsFolder?: string;
  readonly advertise: string;
  readonly region?: string;
  readonly zone?: string;
  readonly joinToken?: string;
  readonly stateDir?: string;
  readonly adminPort?: number;
  readonly outboundPort?: number;
  /** Processes. */
  readonly concurrency: number;
  readonly maxMemory?: number;
  readonly accessLog: string;
  readonly logLevel: ProxyConfig['logLevel'];
  /** Milliseconds; 0 waits for ever. */
  readonly readyTimeout: number;
  /** Hidden: ends when the process that started it is gone. */
  readonly withParent?: boolean;
}

export function withSidecarOptions(command: HeddleCommand): HeddleCommand {
  const group = (heading: string, options: readonly Option[]) => {
    for (const option of options) command.addOption(option.helpGroup(`${heading}:`));
  };
  group('What runs here', [
    new Option('--service <name>', 'the service that this is an instance of')
      .argParser(nameValue)
      .makeOptionMandatory(),
    new Option('-n, --namespace <name>', 'namespace').argParser(nameValue).default('default'),
    new Option('--version <label>', 'label version, for routes that tell versions apart'),
    new Option('--name <name>', 'of the instance (default: from service, version, host and port)').argParser(nameValue),
    new Option(
      '--port <port>',
      'the program listens here, on loopback; 6379/tcp or 50051/grpc says what it speaks; may be repeated',
    ).argParser(applicationPortValues),
    new Option('--label <name=value>', 'a further label; may be repeated').argParser(labelValues),
    new Option('--region <name>', 'where it runs'),
    new Option('--zone <name>', 'where in the region'),
  ]);
  group('How it reaches others, and they it', [
    new Option('--upstream <service=port>', 'a local port that means a service; may be repeated').argParser(
      upstreamValues,
    ),
    new Option('--outbound-port <port>', 'of the HTTP proxy for the program (default: 15001 if free)').argParser(
      portValue,
    ),
    new Option('--dns-server <address>', 'for hosts outside the mesh, with :port where it is not 53; may be repeated')
      .argParser(repeatedValues)
      .default([], 'those of the system'),
    new Option('--dns-loopback', 'names outside the mesh may lead to loopback: for development').default(false),
    new Option(
      '--tls-folder <folder>',
      'documents may name certificates and keys in it, for hosts that ask for one (default: none)',
    ),
    new Option('--advertise <address>', 'IP address at which other hosts reach this one').default('127.0.0.1'),
  ]);
  group('Joining', [
    new Option('--join-token <file>', 'from heddle token; needed once, and not on the control plane’s own host'),
    new Option(
      '--state-dir <folder>',
      `for identities and last good configurations (default: ${defaultStateDirectory()})`,
    ),
    new Option('--context <name>', 'a context of the CLI’s file, for its host token'),
    new Option('--ready-timeout <duration>', 'how long it may take to be ready; 0 waits for ever')
      .argParser(durationValue)
      .default(60_000, '60s'),
  ]);
  group('What it may use', [
    new Option('--concurrency <number>', 'processes that carry requests; 0 or auto is one for each core')
      .argParser(concurrencyValue)
      .default(1),
    new Option(
      '--max-memory <size>',
      'close to it new work is refused (default: what the control group allows)',
    ).argParser(bytesValue),
  ]);
  group('Looking inside', [
    new Option('--admin-port <port>', 'of the admin server on loopback (default: 15000 if free)').argParser(portValue),
    new Option('--access-log <file>', 'a JSON line for each request; - is stdout').default('', 'none'),
    new Option('--log-level <level>', 'of what it says of itself')
      .choices(['trace', 'debug', 'info', 'warn', 'error'])
      .default('warn'),
  ]);
  return command.addOption(new Option('--with-parent').hideHelp());
}

/**
 * The configuration of the sidecar that the flags describe.
 *
 * @throws CliError with every fault of the flags, or for a token that cannot be read
 */
export async function sidecarConfig(options: SidecarOptions): Promise<ProxyConfig> {
  const { defaultWorkloadName, InvalidProxyConfigError, proxyConfig, sidecarStateDirectory } = await import(
    '../../proxy/config.ts'
  );
  const { service, namespace, version = '', port: ports = [], upstream = new Map<string, number>() } = options;
  const name = options.name ?? defaultWorkloadName(service, version, portNumbers(ports));
  const base = options.stateDir ?? defaultStateDirectory();
  try {
    return proxyConfig({
      ...{ service, namespace, version, ports, name },
      labels: options.label ?? {},
      upstreams: [...upstream].map(([upstreamService, localPort]) => ({ service: upstreamService, localPort })),
      advertise: options.advertise,
      region: options.region ?? '',
      zone: options.zone ?? '',
      joinToken: await findJoinToken(options.joinToken, await hostTokenFile(options)),
      stateDirectory: sidecarStateDirectory(base, namespace, name),
      adminPort: options.adminPort ?? null,
      outboundPort: options.outboundPort ?? null,
      concurrency: options.concurrency,
      dnsServers: options.dnsServer,
      dnsLoopback: options.dnsLoopback,
      tlsFolder: options.tlsFolder === undefined ? '' : resolve(options.tlsFolder),
      maxMemoryBytes: options.maxMemory ?? null,
      accessLog: options.accessLog,
      logLevel: options.logLevel,
    });
  } catch (error) {
    if (!(error instanceof InvalidProxyConfigError)) throw error;
    throw new CliError(error.message, 'heddle run --help', exitCodes.usage, { cause: error });
  }
}

function portNumbers(ports: readonly ApplicationPort[]): number[] {
  return ports.map(({ port }) => port);
}

/** A sidecar needs no context: without one it has its token from a flag, or a certificate from before. */
async function hostTokenFile(options: SidecarOptions): Promise<string | null> {
  if (options.joinToken !== undefined) return null;
  try {
    return (await resolveConnection(options)).hostToken;
  } catch (error) {
    if (options.context !== undefined || !(error instanceof CliError)) throw error;
    return null;
  }
}
