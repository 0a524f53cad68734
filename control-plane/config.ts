import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { LogLevel } from './log.ts';
import { logLevels } from './log.ts';

/** Everything a control plane can be told. */
export interface ControlPlaneConfig {
  /** Documents, keys and the host token, at 0700. */
  readonly stateDir: string;
  /** First part of every SPIFFE id; it cannot change once the root is made. */
  readonly trustDomain: string;
  /** Sidecars join and attach here (TLS). Port 0 takes a free one, as everywhere. */
  readonly xdsHost: string;
  readonly xdsPort: number;
  /** REST API, plain HTTP: loopback unless told otherwise. */
  readonly apiHost: string;
  readonly apiPort: number;
  /** Metrics and health, plain HTTP. */
  readonly metricsHost: string;
  readonly metricsPort: number;
  /** Host name or IP address in join tokens for other hosts; `null` chooses one of ours. */
  readonly advertise: string | null;
  readonly logLevel: LogLevel;
  /** Of the CLI context that is written at the first start. */
  readonly contextName: string;
  /** Makes one more admin token, e.g. when the first is lost. */
  readonly newAdminToken: boolean;
  /** Where the CLI context lies. */
  readonly contextFile: string;
}

/** A flag or variable with a value that it cannot have; one line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** One flag; `HEDDLE_` and its name in capitals is the variable for it. */
interface Flag {
  readonly help: string;
  readonly value?: string;
}

/** In the order of `--help`. */
export const flags = {
  'state-dir': { value: 'DIR', help: 'documents, keys and the host token (default: $XDG_STATE_HOME/heddle)' },
  'trust-domain': { value: 'NAME', help: 'first part of every SPIFFE id (default: cluster.local)' },
  'xds-host': { value: 'ADDR', help: 'where sidecars join and attach (default: 127.0.0.1; with --advertise 0.0.0.0)' },
  'xds-port': { value: 'PORT', help: '(default: 15012; 0 takes a free one)' },
  'api-host': { value: 'ADDR', help: 'REST API (default: 127.0.0.1)' },
  'api-port': { value: 'PORT', help: '(default: 15080)' },
  'metrics-host': { value: 'ADDR', help: 'metrics and health (default: 127.0.0.1)' },
  'metrics-port': { value: 'PORT', help: '(default: 15014)' },
  advertise: { value: 'HOST', help: 'host in join tokens for other machines (default: an address of this one)' },
  'log-level': { value: 'LEVEL', help: `${logLevels.join(', ')} (default: info)` },
  'context-name': { value: 'NAME', help: 'CLI context written at the first start (default: local)' },
  'new-admin-token': { help: 'make one more admin token and write it into the CLI context' },
} as const satisfies Record<string, Flag>;

type FlagName = keyof typeof flags;

/**
 * Flags over environment over defaults.
 *
 * @throws ConfigError
 */
export function readConfig(
  parameters: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ControlPlaneConfig {
  const given = parseFlags(parameters);
  const text = (name: FlagName, fallback: string): string => given[name] || environment[variableOf(name)] || fallback;
  const trustDomain = text('trust-domain', 'cluster.local');
  if (!/^[a-z0-9._-]{1,255}$/.test(trustDomain)) {
    throw new ConfigError(
      `--trust-domain ${JSON.stringify(trustDomain)} may have lower-case letters, digits, . - _ only`,
    );
  }
  const level = text('log-level', 'info');
  const logLevel = logLevels.find((known) => known === level);
  if (logLevel === undefined) {
    throw new ConfigError(`--log-level ${JSON.stringify(level)} is not one of ${logLevels.join(', ')}`);
  }
  const newAdminToken = text('new-admin-token', 'false');
  const advertise = text('advertise', '') || null;
  return {
    stateDir: text('state-dir', defaultStateDir(environment)),
    trustDomain,
    // this host only, until somebody says that there are others
    xdsHost: text('xds-host', advertise === null ? '127.0.0.1' : '0.0.0.0'),
    xdsPort: portOf('xds-port', text('xds-port', '15012')),
    apiHost: text('api-host', '127.0.0.1'),
    apiPort: portOf('api-port', text('api-port', '15080')),
    metricsHost: text('metrics-host', '127.0.0.1'),
    metricsPort: portOf('metrics-port', text('metrics-port', '15014')),
    advertise,
    logLevel,
    contextName: text('context-name', 'local'),
    newAdminToken: !['false', '0', 'no', 'off'].includes(newAdminToken),
    contextFile: join(environment.XDG_CONFIG_HOME || join(homedir(), '.config'), 'heddle', 'config.yaml'),
  };
}

export function usage(): string {
  const rows = Object.entries(flags).map(([name, flag]: [string, Flag]) => {
    const left = `--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`;
    return `  ${left.padEnd(24)}${flag.help}`;
  });
  return ['Usage: heddle control-plane [flags]', '', ...rows, '', 'Each flag can be given as HEDDLE_<FLAG>.'].join(
    '\n',
  );
}

/** `HEDDLE_XDS_PORT` for `xds-port`. */
export function variableOf(flag: string): string {
  return `HEDDLE_${flag.replaceAll('-', '_').toUpperCase()}`;
}

function parseFlags(parameters: readonly string[]): Partial<Record<FlagName, string>> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]: [string, Flag]) => [
      name,
      { type: flag.value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    const { values } = parseArgs({ args: [...parameters], options, strict: true, allowPositionals: false });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(message.split('\n')[0]?.split('. ')[0] ?? message, { cause });
  }
}

function portOf(flag: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) {
    throw new ConfigError(`--${flag} ${JSON.stringify(text)} is not a port number (0 to 65535)`);
  }
  return port;
}

/** `/var/lib/heddle` for root, else the user's own state directory (XDG Base Directory Specification). */
function defaultStateDir(environment: Readonly<Record<string, string | undefined>>): string {
  if (process.getuid?.() === 0 && !environment.XDG_STATE_HOME) {
    return '/var/lib/heddle';
  }
  return join(environment.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'heddle');
}
