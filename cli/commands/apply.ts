import { Option } from 'commander';
import type { ApiOptions } from '../api-options.ts';
import { withApiOptions } from '../api-options.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import { durationValue } from '../option-values.ts';
import { styleFor } from '../terminal/style.ts';

interface ApplyOptions extends ApiOptions {
  readonly filename: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly timeout: number;
}

/** What kubectl's users read: `replaced` would sound as if the old one had been deleted. */
const words = { created: 'created', replaced: 'configured', unchanged: 'unchanged' } as const;

export function applyCommand(): HeddleCommand {
  const command = new HeddleCommand('apply')
    .description('Make the mesh be as documents say: all of them, or none when one has a fault.')
    .requiredOption('-f, --filename <path>', 'a file, a folder of them, or - for standard input')
    .option('--dry-run', 'check, and change nothing')
    .option('--wait', 'return when every sidecar that is concerned has it in force')
    .addOption(
      new Option('--timeout <duration>', 'how long --wait waits, 5m at most')
        .argParser(durationValue)
        .default(30_000, '30s'),
    )
    .addHelpText('after', '\nExamples:\n  heddle apply -f split.yaml --wait\n  heddle apply -f routes/ --dry-run');
  return withApiOptions(command).action(
    async ({ filename, dryRun = false, wait, timeout, ...options }: ApplyOptions) => {
      const { applyFiles } = await import('../apply/apply-files.ts');
      const { revisionsInWords } = await import('../undo/undo-plan.ts');
      const revisions: number[] = [];
      try {
        const receipt = await withClient(options, (client) =>
          applyFiles(client, filename, {
            dryRun,
            waitMs: wait ? timeout : null,
            say: (line) => console.error(line),
            onApplied: ({ document: { kind, metadata }, outcome, revision }) => {
              if (outcome !== 'unchanged' && revision !== null) revisions.push(Number(revision));
              const note = dryRun ? ' (dry run)' : '';
              process.stdout.write(`${kind.toLowerCase()}/${metadata.name} ${words[outcome]}${note}\n`);
            },
          }),
        );
        if (receipt !== null) console.error(`${styleFor(process.stderr).good} ${receipt}`);
      } finally {
        if (revisions.length > 0) console.error(`  undo: heddle undo ${revisionsInWords(revisions)}`);
      }
    },
  );
}
