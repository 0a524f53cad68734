import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { LogTarget } from './access-log.ts';
import { AccessLog } from './access-log.ts';
import { accessLogLine, newAccessLogEntry } from './access-log-line.ts';

const entryOf = (overrides: object = {}) => ({ ...newAccessLogEntry(), ...overrides });

/** A target that takes bytes when the test says so. */
class SlowTarget implements LogTarget {
  readonly writes: { readonly text: string; readonly done: (error: Error | null, written?: number) => void }[] = [];
  isClosed = false;

  write(bytes: Buffer, callback: Parameters<LogTarget['write']>[1]): void {
    const text = bytes.toString('latin1');
    this.writes.push({ text, done: (error, written = bytes.length) => callback(error, written) });
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

describe('accessLogLine', () => {
  it('is one line of ASCII from which every text comes back, whatever a client sends', () => {
    const text = fc.oneof(
      fc.uint16Array().map((units) => String.fromCharCode(...units)),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
      fc.constantFrom('"', '\\', '\n', '\r', '\u0000', '\u007f', '\u2028', '</script>', '\ud800', 'é', '{"a":1}'),
    );
    fc.assert(
      fc.property(text, text, text, (path, userAgent, reason) => {
        const line = accessLogLine(entryOf({ path, userAgent, reason, routeName: path }));
        expect(line).toMatch(/^[\x20-\x7e]+\n$/);
        const parsed = JSON.parse(line);
        expect(parsed.path).toBe(path === '' ? null : path);
        expect(parsed.user_agent).toBe(userAgent === '' ? null : userAgent);
        expect(parsed.reason).toBe(reason === '' ? null : reason);
      }),
    );
  });

  it('writes times to the millisecond, also in the second that follows', () => {
    const at = (startTimeMs: number) => JSON.parse(accessLogLine(entryOf({ startTimeMs }))).start_time;
    const times = [1_700_000_000_007.9, 1_700_000_000_999, 1_700_000_001_000, 1_700_000_000_045];
    expect(times.map(at)).toEqual([
      '2023-11-14T22:13:20.007Z',
      '2023-11-14T22:13:20.999Z',
      '2023-11-14T22:13:21.000Z',
      '2023-11-14T22:13:20.045Z',
    ]);
  });

  it('shortens what is longer than anybody reads', () => {
    expect(JSON.parse(accessLogLine(entryOf({ path: `/${'a'.repeat(100_000)}` }))).path).toHaveLength(4099);
  });
});

describe('AccessLog', () => {
  it('gathers lines and writes them together', () => {
    vi.useFakeTimers();
    try {
      const target = new SlowTarget();
      const log = new AccessLog(target);
      for (let i = 0; i < 3; i++) log.write(entryOf({ path: `/${i}` }));
      expect(target.writes).toHaveLength(0);
      vi.advanceTimersByTime(200);
      expect(target.writes.map(({ text }) => text.split('\n').length - 1)).toEqual([3]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('drops lines while its target is stuck and goes on when it is not, never with half a line', async () => {
    const target = new SlowTarget();
    const log = new AccessLog(target, { bufferBytes: 50_000 });
    for (let i = 0; i < 1000; i++) log.write(entryOf({ attempt: i }));
    expect(target.writes).toHaveLength(1);
    const dropped = log.droppedTotal;
    expect(dropped).toBeGreaterThan(500);
    // the target takes the first batch piece by piece
    const [first] = target.writes;
    first?.done(null, 10);
    expect(first?.text.slice(10)).toBe(target.writes[1]?.text);
    target.writes[1]?.done(null);
    const closed = log.close();
    for (const write of target.writes.slice(2)) write.done(null);
    await closed;
    expect(target.isClosed).toBe(true);
    const text = `${first?.text}${target.writes
      .slice(2)
      .map((write) => write.text)
      .join('')}`;
    const lines = text.trimEnd().split('\n');
    for (const line of lines) JSON.parse(line);
    expect(lines.length + log.droppedTotal).toBe(1000);
  });

  it('counts what a failing target lost', async () => {
    const target = new SlowTarget();
    const log = new AccessLog(target);
    log.write(entryOf());
    const closed = log.close();
    target.writes[0]?.done(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    await closed;
    expect(log.droppedTotal).toBe(1);
    log.write(entryOf());
    expect(log.droppedTotal).toBe(2);
  });

  it('tries again where a pipe is full for a moment', () => {
    vi.useFakeTimers();
    try {
      const target = new SlowTarget();
      const log = new AccessLog(target);
      log.write(entryOf());
      vi.advanceTimersByTime(200);
      target.writes[0]?.done(Object.assign(new Error('full'), { code: 'EAGAIN' }));
      vi.advanceTimersByTime(50);
      expect(target.writes[1]?.text).toBe(target.writes[0]?.text);
      target.writes[1]?.done(null);
      expect(log.droppedTotal).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('appends to a file that others cannot read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-access-log-'));
    try {
      const path = join(folder, 'access.log');
      for (const attempt of [1, 2]) {
        const log = await AccessLog.open(path);
        log.write(entryOf({ attempt }));
        await log.close();
      }
      const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line).attempt)).toEqual([1, 2]);
      expect((await stat(path)).mode & 0o007).toBe(0);
      await expect(AccessLog.open(join(folder, 'missing', 'access.log'))).rejects.toMatchObject({ code: 'ENOENT' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
