import type { ApiClient, MeshEvent, WantedEvents } from '../../control-plane/api/client.ts';
import type { ApiOptions, OutputOptions } from '../api-options.ts';
import { withApiOptions, withOutputOption } from '../api-options.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import { durationValue, nameValue } from '../option-values.ts';
import { EventLines, eventListing } from '../terminal/event-lines.ts';
import { printListing, serialize, terminalWidth } from '../terminal/print.ts';
import { withEscapes } from '../terminal/printable.ts';
import { styleFor } from '../terminal/style.ts';

interface EventsOptions extends ApiOptions, OutputOptions {
  readonly follow?: true;
  /** Milliseconds. */
  readonly since?: number;
  readonly namespace?: string;
}

export function eventsCommand(): HeddleCommand {
  const command = new HeddleCommand('events')
    .description('What sidecars have changed by themselves: ejections, failed checks, open circuits, faults.')
    .argument('[service]', 'only where it is called, or calls')
    .option('-f, --follow', 'and then each as it comes')
    .option('--since <duration>', 'only those of the last 10m, 1h …; the last 2000 are kept', durationValue)
    .option('-n, --namespace <name>', 'only of this namespace', nameValue)
    .addHelpText(
      'after',
      '\nExamples:\n  heddle events\n  heddle events recommend --since 10m -o wide\n  heddle events --follow\n' +
        '  heddle events --follow -o json   one event on each line, for programs',
    );
  return withApiOptions(withOutputOption(command)).action(
    async (service: string | undefined, options: EventsOptions) => {
      const wanted: WantedEvents = {
        ...(service !== undefined && { service }),
        ...(options.since !== undefined && { sinceSeconds: options.since / 1000 }),
        ...(options.namespace !== undefined && { namespace: options.namespace }),
      };
      await withClient(options, async (client) => {
        if (service !== undefined) await requireMember(client, service, options);
        if (options.follow) await follow(client, wanted, options);
        else await printListing(eventListing(Date.now()), inTime(await client.events(wanted)), options.output);
      });
    },
  );
}

/**
 * Of a service that there is not nothing can ever happen, and silence would be no news.
 *
 * @throws CliError with the command for the service that was probably meant
 */
async function requireMember(client: ApiClient, service: string, { namespace, follow }: EventsOptions): Promise<void> {
  const { membersOf } = await import('../traffic/known-service.ts');
  const { nearestWord } = await import('../../control-plane/model/nearest-word.ts');
  const members = await membersOf(client);
  const here = members.filter((one) => namespace === undefined || one.namespace === namespace);
  if (here.some(({ name }) => name === service)) return;
  const elsewhere = members.find(({ name }) => name === service);
  const meant = nearestWord(
    service,
    here.map(({ name }) => name),
  );
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const command = `heddle events${follow ? ' --follow' : ''}`;
  const hint =
    elsewhere === undefined
      ? `${command}${meant === null ? '' : ` ${meant}`}`
      : `${command} ${service} -n ${elsewhere.namespace}`;
  throw new CliError(`there is no service ${service}${where}`, hint, exitCodes.nothingFound);
}

/** They come in the order in which they were told, which is nearly that in which they happened. */
function inTime(events: readonly MeshEvent[]): MeshEvent[] {
  return events.toSorted((a, b) => Date.parse(a.lastTime) - Date.parse(b.lastTime));
}

/** Until it is interrupted, or the control plane goes away. */
async function follow(client: ApiClient, wanted: WantedEvents, { output }: EventsOptions): Promise<void> {
  const lines = new EventLines(styleFor(process.stdout), terminalWidth(process.stdout));
  const write = async (event: MeshEvent): Promise<string> => {
    if (output === 'json') return `${withEscapes(JSON.stringify(event))}\n`;
    if (output === 'yaml') return `---\n${await serialize(event, 'yaml')}`;
    return output === 'name' ? `${event.id}\n` : lines.line(event, Date.now());
  };
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  for await (const line of client.followEvents(wanted, interrupted.signal)) {
    if (line.type === 'ADDED') process.stdout.write(await write(line.object));
    else console.error(`${line.object.count} events were missed`);
  }
}
