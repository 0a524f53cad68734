import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from './main.ts';

const program = `import(${JSON.stringify(new URL('main.ts', import.meta.url).href)})
  .then(({ main }) => main(process.argv.slice(1)))
  .then((code) => { process.exitCode = code; });`;

describe('main, as a process', () => {
  let directory: string;
  const children = new Set<ChildProcess>();

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-main-'));
  });
  afterEach(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
    }
    await rm(directory, { recursive: true, force: true });
  });

  const run = () => {
    const ports = ['--xds-port', '0', '--api-port', '0', '--metrics-port', '0', '--xds-host', '127.0.0.1'];
    const parameters = ['--import', 'tsx', '-e', program, '--', ...ports, '--state-dir', join(directory, 'state')];
    const child = spawn(process.execPath, parameters, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, XDG_CONFIG_HOME: join(directory, 'config') },
    });
    children.add(child);
    const lines: string[] = [];
    const isUp = new Promise<void>((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        lines.push(line);
        if (line.includes('"msg":"the control plane is up"')) {
          resolve();
        }
      });
    });
    return { child, lines, isUp, exited: once(child, 'exit') };
  };

  it('logs JSON lines, ends with 0 at SIGTERM, and 2 beside another one on the same state', async () => {
    const first = run();
    await first.isUp;
    const second = run();
    expect(await second.exited).toEqual([2, null]);
    expect(second.lines).toEqual([
      `error: the data directory ${join(directory, 'state', 'store')} is in use by another process`,
      'Try: heddle control-plane --state-dir <another directory>',
    ]);
    first.child.kill('SIGTERM');
    expect(await first.exited).toEqual([0, null]);
    for (const line of first.lines) {
      expect(JSON.parse(line)).toMatchObject({
        ts: expect.any(String),
        level: expect.any(String),
        component: expect.any(String),
      });
    }
  });
});

describe('main', () => {
  it.each([[['--xds-port', '70000']], [['--log-level', 'loud']], [['--trust-domain', 'Upper Case']], [['--nonsense']]])(
    'returns 2 for %j',
    async (parameters) => {
      expect(await main(parameters)).toBe(2);
    },
  );
});
