import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cpuSeconds, cpuSecondsOf, residentMb, residentMbOf } from './process-cost.ts';

const afterName =
  'S 1 4242 4242 0 -1 4194560 1713 0 2 0 150 75 9 8 20 0 11 0 12345 1158926336 15360 18446744073709551615 1 1 0';

describe('cpuSecondsOf', () => {
  it('adds user and system time, and leaves out that of children', () => {
    expect(cpuSecondsOf(`4242 (haproxy) ${afterName}\n`)).toBe(2.25);
  });

  it.each(['my proxy', 'a) S 9 9', '((', ') ', ''])('is not led astray by a program called "%s"', (name) => {
    expect(cpuSecondsOf(`4242 (${name}) ${afterName}\n`)).toBe(2.25);
  });

  it('refuses what is no stat file', () => {
    expect(() => cpuSecondsOf('')).toThrow('no CPU time');
    expect(() => cpuSecondsOf('4242 (nginx) S 1 2')).toThrow('no CPU time');
  });
});

describe('residentMbOf', () => {
  it('reads VmRSS, not the peak, in millions of bytes', () => {
    const status = 'Name:\tnode\nVmPeak:\t  999999 kB\nVmHWM:\t  500000 kB\nVmRSS:\t   62500 kB\nRssAnon:\t 1 kB\n';
    expect(residentMbOf(status)).toBe(64);
  });

  it('refuses a process without memory', () => {
    expect(() => residentMbOf('Name:\tkthreadd\nState:\tZ (zombie)\n')).toThrow('no VmRSS');
  });
});

describe.skipIf(process.platform !== 'linux')('/proc', () => {
  it('tells of this very process what Node says of it', () => {
    const { user, system } = process.cpuUsage();
    expect(Math.abs(cpuSeconds(process.pid) - (user + system) / 1e6)).toBeLessThan(0.1);
    const ratio = (residentMb(process.pid) * 1e6) / process.memoryUsage.rss();
    expect(ratio).toBeGreaterThan(0.8);
    expect(ratio).toBeLessThan(1.25);
  });

  it('counts what a process has started with it', async () => {
    const busy = 'while (process.cpuUsage().user < 300_000);';
    const child = spawn(process.execPath, ['-e', `${busy} console.log('done'); setInterval(() => {}, 1000)`]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const own = process.cpuUsage();
    expect(cpuSeconds(process.pid) - (own.user + own.system) / 1e6).toBeGreaterThan(0.15);
    const childMb = residentMb(child.pid as number);
    expect(residentMb(process.pid)).toBeGreaterThan((process.memoryUsage.rss() / 1e6) * 0.8 + childMb * 0.8);
    child.kill('SIGKILL');
  });
});
