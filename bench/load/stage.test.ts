import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { Stage } from './stage.ts';

/** A zombie, ended and not yet asked for by its parent, is not alive. */
const isAlive = (pid: number) => {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

describe.skipIf(process.platform !== 'linux')('Stage', () => {
  let stage: Stage;
  afterEach(() => stage.clear());

  /** Starts a shell that prints this command's process id and waits for it; fulfils with both ids. */
  const startFamily = async (on: Stage, command: string) => {
    const shell = on.start('others', 'sh', ['-c', `${command} & echo $!; wait`]);
    await expect.poll(() => shell.output()).toMatch(/^\d+\n/);
    return { shell, child: Number(shell.output().trim()) };
  };

  it('ends what it started, and what that has started, and leaves no folder', async () => {
    stage = new Stage(null);
    const { shell, child } = await startFamily(stage.part('inner'), 'sleep 600');
    await stage.close();
    expect(shell.outcome).not.toBeNull();
    await expect.poll(() => isAlive(child)).toBe(false);
    expect(existsSync(stage.folder)).toBe(false);
  });

  it('can be cleared at once, as a process does that is ending itself', async () => {
    stage = new Stage(null);
    const { shell, child } = await startFamily(stage.part('inner'), 'sleep 600');
    stage.clear();
    expect(existsSync(stage.folder)).toBe(false);
    expect(await shell.exited).toBe('SIGKILL');
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  it('ends what is on a part of a part', async () => {
    stage = new Stage(null);
    const { shell, child } = await startFamily(stage.part('outer').part('inner'), 'sleep 600');
    stage.clear();
    expect(await shell.exited).toBe('SIGKILL');
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  it('ends a part and keeps the rest', async () => {
    stage = new Stage(null);
    const kept = stage.start('others', 'sleep', ['600']);
    const part = stage.part('inner');
    const ended = part.start('others', 'sleep', ['600']);
    await part.close();
    expect([kept.outcome, ended.outcome]).toEqual([null, 'SIGTERM']);
    expect(readdirSync(stage.folder)).not.toContain('inner');
  });

  it('knows which process has failed and what it said last', async () => {
    stage = new Stage(null);
    stage.start('others', 'sleep', ['600']);
    await stage.start('others', 'true', []).exited;
    expect(stage.firstFailed()).toBeNull();
    const failing = stage.start('proxy', 'sh', ['-c', 'echo starting; echo no such port >&2; exit 3']);
    expect(await failing.exited).toBe(3);
    expect(stage.firstFailed()).toBe(failing);
    expect(failing.lastWords()).toBe('starting | no such port');
  });

  it('refuses a program that is not there', () => {
    stage = new Stage(null);
    expect(() => stage.start('proxy', 'no-such-program', [])).toThrow('no-such-program is not installed');
  });
});
