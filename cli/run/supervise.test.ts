import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { drainTimeoutMs, supervise } from './supervise.ts';

/** A program and its sidecar that do what the test says and note what is done to them. */
function scripted() {
  const log: string[] = [];
  const signals = new EventEmitter();
  const ready = deferred<void>();
  const drained = deferred<void>();
  const exited = deferred<number>();
  const orphaned = deferred<void>();
  const failed = deferred<never>();
  const exitCode = supervise({
    sidecar: {
      ready: ready.promise,
      failed: failed.promise,
      drain: () => {
        log.push('withdraw');
        return drained.promise;
      },
      close: async () => {
        log.push('close sidecar');
      },
    },
    startApplication: async () => {
      log.push('start program');
      return { pid: 1, exited: exited.promise, signal: (name) => log.push(`program gets ${name}`) };
    },
    signals,
    orphaned: orphaned.promise,
    say: (line) => log.push(`say ${line}`),
  });
  exitCode.catch(() => {}); // each test looks at it itself
  return { log, signals, ready, drained, exited, orphaned, failed, exitCode };
}

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((onFulfilled, onRejected) => {
    resolve = onFulfilled;
    reject = onRejected;
  });
  return { promise, resolve, reject };
}

async function running() {
  const run = scripted();
  run.ready.resolve();
  await setImmediate();
  return run;
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

describe('supervise', () => {
  it('starts the program only when the sidecar is ready', async () => {
    const run = scripted();
    await setImmediate();
    expect(run.log).toEqual([]);
    run.ready.resolve();
    await setImmediate();
    expect(run.log).toEqual(['start program']);
  });

  it('never starts the program when the sidecar is refused, and passes the reason on', async () => {
    const run = scripted();
    run.ready.reject(new Error('the token has expired'));
    await expect(run.exitCode).rejects.toThrow('the token has expired');
    expect(run.log).toEqual(['close sidecar']);
  });

  it('ends the program when the sidecar cannot go on, and passes the reason on', async () => {
    const run = await running();
    run.failed.reject(new Error('a worker keeps ending'));
    await expect(run.exitCode).rejects.toThrow('a worker keeps ending');
    expect(run.log).toEqual(['start program', 'program gets SIGKILL', 'close sidecar']);
  });

  it('does not wait for a sidecar that failed before it was ready', async () => {
    const run = scripted();
    run.failed.reject(new Error('a worker keeps ending'));
    await expect(run.exitCode).rejects.toThrow('a worker keeps ending');
    expect(run.log).toEqual(['close sidecar']);
  });

  it('withdraws and leaves with the exit code of a program that ends by itself', async () => {
    const run = await running();
    run.drained.resolve();
    run.exited.resolve(7);
    expect(await run.exitCode).toBe(7);
    expect(run.log).toEqual(['start program', 'program gets SIGTERM', 'withdraw', 'close sidecar']);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('drains at the first %s, and only then passes it on', async (name) => {
    const run = await running();
    run.signals.emit(name, name);
    await setImmediate();
    expect(run.log).toEqual(['start program', 'withdraw']);
    run.drained.resolve();
    await setImmediate();
    expect(run.log).toEqual(['start program', 'withdraw', `program gets ${name}`]);
    run.exited.resolve(0);
    expect(await run.exitCode).toBe(0);
    expect(run.log.at(-1)).toBe('close sidecar');
  });

  it('keeps the sidecar until the program has exited', async () => {
    const run = await running();
    run.signals.emit('SIGTERM', 'SIGTERM');
    run.drained.resolve();
    await setImmediate();
    vi.advanceTimersByTime(3_600_000);
    await setImmediate();
    expect(run.log).not.toContain('close sidecar');
    run.exited.resolve(143);
    expect(await run.exitCode).toBe(143);
  });

  it('waits for the acknowledgement no longer than its bound', async () => {
    const run = await running();
    run.signals.emit('SIGTERM', 'SIGTERM');
    await setImmediate();
    vi.advanceTimersByTime(drainTimeoutMs - 1);
    await setImmediate();
    expect(run.log).not.toContain('program gets SIGTERM');
    vi.advanceTimersByTime(1);
    await setImmediate();
    expect(run.log.slice(-2)).toEqual([expect.stringContaining('no acknowledgement'), 'program gets SIGTERM']);
    run.exited.resolve(0);
    await run.exitCode;
  });

  it('stops the program also when withdrawing fails', async () => {
    const run = await running();
    run.signals.emit('SIGTERM', 'SIGTERM');
    run.drained.reject(new Error('stream closed'));
    await setImmediate();
    expect(run.log.slice(-2)).toEqual(['say draining: stream closed', 'program gets SIGTERM']);
    run.exited.resolve(0);
    await run.exitCode;
  });

  it('kills at the second signal while draining', async () => {
    const run = await running();
    run.signals.emit('SIGINT', 'SIGINT');
    run.signals.emit('SIGINT', 'SIGINT');
    await setImmediate();
    expect(run.log).toContain('program gets SIGKILL');
    run.exited.resolve(137);
    expect(await run.exitCode).toBe(137);
  });

  it('kills at the second signal while the program takes its time', async () => {
    const run = await running();
    run.signals.emit('SIGTERM', 'SIGTERM');
    run.drained.resolve();
    await setImmediate();
    expect(run.log).not.toContain('program gets SIGKILL');
    run.signals.emit('SIGINT', 'SIGINT');
    await setImmediate();
    expect(run.log).toContain('program gets SIGKILL');
    run.exited.resolve(137);
    await run.exitCode;
  });

  it('ends before the program starts when told to stop while waiting', async () => {
    const run = scripted();
    run.signals.emit('SIGINT', 'SIGINT');
    expect(await run.exitCode).toBe(130);
    expect(run.log).toEqual(['close sidecar']);
  });

  it('kills the program when whoever started it is gone', async () => {
    const run = await running();
    run.orphaned.resolve();
    await setImmediate();
    expect(run.log).toContain('program gets SIGKILL');
    run.exited.resolve(137);
    await run.exitCode;
  });

  it('passes on signals that do not mean stop', async () => {
    const run = await running();
    run.signals.emit('SIGHUP', 'SIGHUP');
    expect(run.log).toEqual(['start program', 'program gets SIGHUP']);
    run.exited.resolve(0);
    run.drained.resolve();
    await run.exitCode;
    expect(run.signals.eventNames()).toEqual([]);
  });
});
