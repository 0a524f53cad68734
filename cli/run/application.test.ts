import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startApplication } from './application.ts';

const node = (script: string) => [process.execPath, '-e', script];
const quiet = 'ignore';

describe('startApplication', () => {
  it('passes the exit code on', async () => {
    const application = await startApplication(node('process.exit(7)'), {}, quiet);
    expect(await application.exited).toBe(7);
  });

  it('reports 128 + the signal that ended the program', async () => {
    const application = await startApplication(node('setInterval(() => {}, 1000)'), {}, quiet);
    application.signal('SIGTERM');
    expect(await application.exited).toBe(143);
  });

  it('makes the program the leader of a process group of its own', async () => {
    const application = await startApplication(node('setInterval(() => {}, 1000)'), {}, quiet);
    const stat = readFileSync(`/proc/${application.pid}/stat`, 'utf8');
    expect(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]).toBe(String(application.pid));
    application.signal('SIGKILL');
    expect(await application.exited).toBe(137);
  });

  it('says nothing when the group is gone already', async () => {
    const application = await startApplication(node(''), {}, quiet);
    await application.exited;
    expect(() => application.signal('SIGTERM')).not.toThrow();
  });

  it.each([
    ['/nowhere/program', 127, 'was not found'],
    ['/etc/passwd', 126, 'cannot be executed'],
  ])('says why %s cannot start, exit code %i', async (program, exitCode, message) => {
    await expect(startApplication([program], {}, quiet)).rejects.toMatchObject({
      exitCode,
      message: expect.stringContaining(message),
    });
  });
});
