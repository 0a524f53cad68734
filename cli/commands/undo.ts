import type { ChangeSummary, FieldChange } from '../../control-plane/api/client.ts';
import type { ApiOptions, OutputOptions } from '../api-options.ts';
import { withApiOptions, withOutputOption } from '../api-options.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import { clockText } from '../terminal/clock-text.ts';
import type { Listing } from '../terminal/print.ts';
import { printListing, serialize } from '../terminal/print.ts';
import { styleFor } from '../terminal/style.ts';

interface UndoOptions extends ApiOptions, OutputOptions {
  readonly list?: true;
  readonly dryRun?: true;
}

/** Changes that `--list` shows. */
const listed = 20;

/** How long it waits until it is so everywhere. */
const waitMs = 30_000;

export function undoCommand(): HeddleCommand {
  const command = new HeddleCommand('undo')
    .description('Take back the last change of a document, or those of the revisions that are named.')
    .argument('[revisions...]', '41, or 41-43; every command that changes something says its own')
    .option('--list', `the last ${listed} changes; with -o wide every field that changed`)
    .option('--dry-run', 'say what it would put back, and change nothing')
    .addHelpText(
      'after',
      `\nIt never takes back what somebody else has written since. An undo is a change too, and can be undone.

Examples:
  heddle undo                  the last change, whoever made it
  heddle undo 41
  heddle undo 41-43            all of one heddle apply
  heddle undo --list`,
    );
  return withApiOptions(withOutputOption(command)).action(async (words: readonly string[], options: UndoOptions) => {
    if (options.list) await list(options);
    else await undo(words, options);
  });
}

async function undo(words: readonly string[], options: UndoOptions): Promise<void> {
  const { readRevisions, revisionsInWords, undoPlan } = await import('../undo/undo-plan.ts');
  const { newestChange, readChanges, takeBack } = await import('../undo/undo-changes.ts');
  const { receiptFor } = await import('../traffic/apply-one.ts');
  await withClient(options, async (client) => {
    const revisions = words.length === 0 ? [await newestChange(client)] : readRevisions(words);
    const plan = undoPlan(await readChanges(client, revisions));
    const documents = plan.flatMap(({ before }) => (before === null ? [] : [before]));
    for (const { inWords } of plan) console.error(inWords);
    for (const document of documents) {
      const divider = documents.length > 1 && options.output !== 'json' ? '---\n' : '';
      process.stdout.write(divider + (await serialize(document, options.output === 'json' ? 'json' : 'yaml')));
    }
    if (options.dryRun) return console.error('nothing was changed (dry run)');
    const written: number[] = [];
    const { good } = styleFor(process.stderr);
    try {
      for (const step of plan) {
        const revision = await takeBack(client, step);
        if (revision !== null) written.push(Number(revision));
      }
      if (written.length === 0) return console.error(`${good} it is so already`);
      for (const revision of written.slice(0, -1)) await client.convergence(String(revision), waitMs);
      console.error(`${good} undone · ${await receiptFor(client, String(written.at(-1)))}`);
    } finally {
      if (written.length > 0) console.error(`  undo: heddle undo ${revisionsInWords(written)}`);
    }
  });
}

async function list(options: UndoOptions): Promise<void> {
  const changes = await withClient(options, (client) => client.changes(listed));
  await printListing(changeListing(Date.now()), changes, options.output);
}

export function changeListing(nowMs: number): Listing<ChangeSummary> {
  return {
    name: ({ revision }) => String(revision),
    empty: { message: 'nothing has been changed yet', hint: 'heddle apply --help' },
    columns: [
      { header: 'REVISION', align: 'right', cell: ({ revision }) => String(revision) },
      { header: 'TIME', cell: ({ at }) => (at === null ? '-' : clockText(at, nowMs)) },
      { header: 'DOCUMENT', cell: ({ document }) => document },
      { header: 'CHANGE', cell: changeInWords },
      { header: 'FIELDS', wide: true, cell: ({ fields }) => fields.map(fieldInWords).join(', ') || '-' },
    ],
  };
}

/** `weight 90 → 50 (+1)`, shortened; what happened to the document where no field is known. */
function changeInWords({ what, fields: [first, ...others] }: ChangeSummary): string {
  if (first === undefined) return what;
  const path = /[^.[\]]*(?:\[[^\]]*\])?$/.exec(first.path)?.[0] ?? first.path;
  return `${briefly({ ...first, path })}${others.length === 0 ? '' : ` (+${others.length})`}`;
}

/** So that a line stays within a narrow terminal. Of lists and objects the beginning says nothing. */
function briefly({ path, before, after }: FieldChange): string {
  const isLong = [before, after].some((value) => /^[[{]/.test(value) && value.length > 12);
  if (isLong && before !== '' && after !== '') return `${path} changed`;
  return fieldInWords({ path, before: shortened(before), after: shortened(after) });
}

function shortened(value: string): string {
  return value.length > 12 ? `${value.slice(0, 11)}…` : value;
}

function fieldInWords({ path, before, after }: FieldChange): string {
  return `${path} ${before || 'none'} → ${after || 'none'}`;
}
