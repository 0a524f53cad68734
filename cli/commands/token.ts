import { Option } from 'commander';
import type { ApiOptions, NamespaceOptions } from '../api-options.ts';
import { withApiOptions, withNamespaceOption } from '../api-options.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import { durationValue, labelValues, nameValue } from '../option-values.ts';

interface TokenOptions extends ApiOptions, NamespaceOptions {
  readonly service: string;
  readonly version?: string;
  readonly label?: Record<string, string>;
  readonly ttl: number;
}

export function tokenCommand(): HeddleCommand {
  const command = new HeddleCommand('token')
    .description('A join token, with which a sidecar on another host becomes a service’s instance.')
    .requiredOption('--service <name>', 'the service, and the only one, that it lets join', nameValue)
    .option('--version <label>', 'fixes the label version')
    .option('--label <name=value>', 'fixes a label; may be repeated', labelValues)
    .addOption(
      new Option('--ttl <duration>', 'how long it can be used').argParser(durationValue).default(3_600_000, '1h'),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  heddle token --service web > web.token\n  heddle run --service web --port 8080 --join-token web.token -- node web.js',
    );
  return withApiOptions(withNamespaceOption(command)).action(async (options: TokenOptions) => {
    const { service, namespace, version, label, ttl } = options;
    const labels = { ...label, ...(version !== undefined && { version }) };
    const { token } = await withClient(options, (client) =>
      client.token({ service, namespace, labels, ttlSeconds: Math.ceil(ttl / 1000) }),
    );
    process.stdout.write(`${token}\n`);
  });
}
