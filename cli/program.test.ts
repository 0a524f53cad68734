import { describe, expect, it, vi } from 'vitest';
import { buildProgram } from './program.ts';

/** Parses a command line of which the end is wrong; resolves with the error that it is refused with. */
function refused(...line: string[]): Promise<unknown> {
  return buildProgram()
    .parseAsync(line, { from: 'user' })
    .then(
      () => null,
      (error: unknown) => error,
    );
}

describe('heddle', () => {
  it('shows its commands in groups', () => {
    const help = buildProgram().helpInformation();
    expect(help.match(/^[A-Z][a-z]+:$/gm)).toEqual(['Options:', 'Start:', 'Look:', 'Change:', 'Secure:', 'Operate:']);
    for (const command of buildProgram().commands) expect(help).toContain(`\n  ${command.name()} `);
  });

  it('has an example in the help of every command', () => {
    for (const command of buildProgram().commands) {
      const written: string[] = [];
      command.configureOutput({ writeOut: (text) => written.push(text) });
      command.outputHelp();
      expect(written.join('')).toContain(`  heddle ${command.name()}`);
    }
  });

  it.each([
    [['stats'], "unknown command 'stats'", 'heddle stat'],
    [['aply', '-f', 'x'], "unknown command 'aply'", 'heddle apply'],
    [['stat', '--ouput', 'json'], "unknown option '--ouput'", 'heddle stat --output'],
    [['stat', '--window', '2h'], 'From 5s to 1h', 'heddle stat --help'],
    [['get'], "missing required argument 'kind'", 'heddle get --help'],
    [['run', '--service', 'web'], "missing required argument 'program'", 'heddle run --help'],
    [['run', '--', 'node'], "required option '--service <name>'", 'heddle run --help'],
    [['run', '--service', 'Web', '--', 'node'], 'A name has lower-case letters', 'heddle run --help'],
    [['proxy', '--service', 'web', '--upstream', 'cart'], 'Write <service>=<local port>', 'heddle proxy --help'],
    [['demo', '--once', '--calls', '5'], 'From 100 to 20000', 'heddle demo --help'],
    [['get', 'pods'], 'there is no kind pods; the kinds are', 'heddle get --help'],
  ])('refuses %j as a wrong call, exit code 2', async (line, message, hint) => {
    expect(await refused(...line)).toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
      exitCode: 2,
    });
  });

  it('says what to do when no control plane is known', async () => {
    vi.stubEnv('XDG_CONFIG_HOME', '/nowhere');
    expect(await refused('stat')).toMatchObject({ hint: expect.stringContaining('heddle control-plane'), exitCode: 1 });
    vi.unstubAllEnvs();
  });
});
