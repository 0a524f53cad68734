import { InvalidArgumentError, Option } from 'commander';
import { HeddleCommand } from '../heddle-command.ts';

/** That of envoyproxy/ratelimit. */
const DEFAULT_LISTEN = '127.0.0.1:8081';
/** A free port, which is printed: several servers may run on one host. */
const DEFAULT_METRICS = '127.0.0.1:0';

interface Listen {
  readonly host: string;
  readonly port: number;
}

export function rateLimitServerCommand(): HeddleCommand {
  return new HeddleCommand('rate-limit-server')
    .description(
      'Counts requests for the global rate limits of all sidecars, over Envoy’s rate limit service protocol.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  heddle run --service ratelimit --port 8081/grpc -- heddle rate-limit-server\n' +
        '  heddle rate-limit-server --store redis://127.0.0.1:6379   for several servers',
    )
    .addOption(
      new Option('--listen <address>', 'where it is asked; plaintext, so leave it on loopback beside a sidecar')
        .argParser(listenValue)
        .default(listenValue(DEFAULT_LISTEN), DEFAULT_LISTEN)
        .env('HEDDLE_RATE_LIMIT_LISTEN'),
    )
    .addOption(
      new Option('--store <store>', 'memory, or redis://[[user]:password@]host[:port][/database]')
        .default('memory')
        .env('HEDDLE_RATE_LIMIT_STORE'),
    )
    .addOption(
      new Option('--metrics-listen <address>', 'where /metrics and /healthz are; port 0 takes a free one')
        .argParser(listenValue)
        .default(listenValue(DEFAULT_METRICS), DEFAULT_METRICS)
        .env('HEDDLE_RATE_LIMIT_METRICS_LISTEN'),
    )
    .action(async (flags: { listen: Listen; store: string; metricsListen: Listen }) => {
      const { runRateLimitServerUntilStopped } = await import('../run-rate-limit-server.ts');
      await runRateLimitServerUntilStopped(flags);
      process.exit();
    });
}

function listenValue(text: string): Listen {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:]+):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[2] ?? 65_536);
  if (port > 65_535) throw new InvalidArgumentError('An address is written 127.0.0.1:8081, or 8081.');
  return { host: (match?.[1] ?? '127.0.0.1').replace(/^\[(.*)\]$/, '$1'), port };
}
