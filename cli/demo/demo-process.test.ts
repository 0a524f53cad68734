import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DemoProcess } from './demo-process.ts';

let folder: string;
let child: DemoProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-demo-process-'));
});
afterEach(async () => {
  child?.kill();
  await child?.exited;
  rmSync(folder, { recursive: true });
});

function start(script: string): DemoProcess {
  const program = join(folder, 'program.cjs');
  writeFileSync(program, script);
  child = new DemoProcess(
    'web-1',
    ['--service', 'web'],
    join(folder, 'web-1.log'),
    { PATH: process.env.PATH },
    program,
  );
  return child;
}

const sidecar = { kind: 'sidecar', adminAddress: '127.0.0.1:1' };

describe('DemoProcess', () => {
  it('passes the command line on, writes a log, and waits for what is reported', async () => {
    const child = start(`
      console.log(process.argv.slice(2).join(' '));
      process.send(${JSON.stringify(sidecar)});
      process.on('disconnect', () => process.exit());
    `);
    expect(await child.reported('sidecar')).toEqual(sidecar);
    expect(readFileSync(child.logFile, 'utf8')).toBe('--service web\n');
  });

  it('says with its last words why a process ended before it was ready', async () => {
    const child = start(`console.error('busy'); console.error('out of luck'); process.exitCode = 1;`);
    await expect(child.reported('sidecar')).rejects.toMatchObject({
      message: 'web-1 ended (1): busy | out of luck',
      hint: `less ${child.logFile}`,
    });
  });

  it('passes on what the process itself says to try', async () => {
    const child = start(`console.error('error: the token has expired\\nTry: heddle token'); process.exitCode = 2;`);
    await expect(child.reported('sidecar')).rejects.toMatchObject({
      message: 'web-1 ended (2): the token has expired',
      hint: 'heddle token',
    });
  });

  it('ends a process in order', async () => {
    const child = start(`
      process.on('SIGTERM', () => { console.log('drained'); process.exit(0); });
      setInterval(() => {}, 1000);
      process.send(${JSON.stringify(sidecar)});
    `);
    await child.reported('sidecar');
    await child.stop();
    expect(await child.exited).toBe(0);
    expect(readFileSync(child.logFile, 'utf8')).toBe('drained\n');
  });

  it('kills the program with a process that was killed, because it lives in a group of its own', async () => {
    const child = start(`
      const { spawn } = require('node:child_process');
      const application = spawn('sleep', ['60'], { detached: true });
      process.send({ kind: 'application', pid: application.pid });
      setInterval(() => {}, 1000);
    `);
    const { pid } = await child.reported('application');
    process.kill(child.pid as number, 'SIGKILL');
    expect(await child.exited).toBe('SIGKILL');
    expect(await isGone(pid)).toBe(true);
  });

  it('leads a process group of its own, which Ctrl-C in a terminal does not reach', async () => {
    const child = start(`process.send(${JSON.stringify(sidecar)}); setInterval(() => {}, 1000);`);
    await child.reported('sidecar');
    const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    expect(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]).toBe(String(child.pid));
  });
});

/** A killed process stays visible until its parent has taken note: here that is init, or whoever stands in for it. */
async function isGone(pid: number): Promise<boolean> {
  for (let look = 0; look < 200; look += 1) {
    let state = 'gone';
    try {
      state = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0] ?? 'gone';
    } catch {
      // no such process any more
    }
    if (state === 'gone' || state === 'Z') return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}
