import { Option } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HeddleCommand } from './heddle-command.ts';

function parse(environment: Record<string, string>, ...line: string[]): Record<string, unknown> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const command = new HeddleCommand('run')
    .option('--service <name>')
    .option('--inbound-address <ip>')
    .option('--port <port>', 'one or more', (text, all: string[] = []) => [...all, ...text.split(',')])
    .option('--wait')
    .addOption(new Option('--with-parent').hideHelp());
  const program = new HeddleCommand().addCommand(command);
  program.parse(['run', ...line], { from: 'user' });
  return command.opts();
}

afterEach(() => vi.unstubAllEnvs());

describe('HeddleCommand', () => {
  it('takes every flag from its variable', () => {
    expect(
      parse({ HEDDLE_SERVICE: 'web', HEDDLE_INBOUND_ADDRESS: '::1', HEDDLE_PORT: '1,2', HEDDLE_WAIT: '1' }),
    ).toEqual({
      service: 'web',
      inboundAddress: '::1',
      port: ['1', '2'],
      wait: true,
    });
  });

  it('prefers the command line', () => {
    expect(parse({ HEDDLE_SERVICE: 'web' }, '--service', 'cart')).toEqual({ service: 'cart' });
  });

  it.each(['0', 'false', 'no', ''])('does not read HEDDLE_WAIT=%s as yes', (value) => {
    expect(parse({ HEDDLE_WAIT: value })).toEqual({});
  });

  it('ignores what Kubernetes writes for a Service called heddle', () => {
    expect(parse({ HEDDLE_PORT: 'tcp://10.96.0.7:15080' })).toEqual({});
  });

  it('does not offer hidden flags', () => {
    expect(parse({ HEDDLE_WITH_PARENT: '1' })).toEqual({});
  });
});
