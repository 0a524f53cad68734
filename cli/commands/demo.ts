import { InvalidArgumentError } from 'commander';
import { HeddleCommand } from '../heddle-command.ts';

interface DemoOptions {
  readonly once?: true;
  readonly calls: number;
}

export function demoCommand(): HeddleCommand {
  return new HeddleCommand('demo')
    .description('A whole mesh on this machine: control plane, a shop of eight instances, and load.')
    .option('--once', 'make calls, check what the mesh promises, and exit with 0 or 1; leaves nothing behind')
    .option('--calls <number>', 'how many calls --once makes at least', callsValue, 1000)
    .addHelpText(
      'after',
      '\nExamples:\n  heddle demo          until Ctrl-C\n  heddle demo --once   a test of the whole mesh',
    )
    .action(async ({ once, calls }: DemoOptions) => {
      const { onStage } = await import('../demo/stage.ts');
      let exitCode: number;
      if (once) {
        const { checkOnce } = await import('../demo/check-once.ts');
        exitCode = await onStage('temporary', (stage) => checkOnce(stage, calls));
      } else {
        const { runLive } = await import('../demo/run-live.ts');
        exitCode = await onStage('lasting', runLive);
      }
      process.exit(exitCode); // calls may still be under way; there is nobody left to answer them
    });
}

function callsValue(text: string): number {
  const calls = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (calls < 100 || calls > 20_000) throw new InvalidArgumentError('From 100 to 20000.');
  return calls;
}
