import { describe, expect, it } from 'vitest';
import { LogWriter } from './log.ts';

function setUp() {
  const lines: string[] = [];
  const writer = new LogWriter(
    'info',
    (line) => lines.push(line),
    () => 0,
  );
  return { lines, writer, log: writer.for('xds') };
}

describe('LogWriter', () => {
  it('writes one JSON object per line with time, level, message and component first', () => {
    const { lines, log } = setUp();
    log('warn', 'the control plane is gone', { afterMs: 12 });
    expect(lines).toEqual([
      '{"ts":"1970-01-01T00:00:00.000Z","level":"warn","msg":"the control plane is gone","component":"xds","afterMs":12}\n',
    ]);
  });

  it('follows a change of level while running', () => {
    const { lines, log, writer } = setUp();
    log('debug', 'no');
    writer.level = 'debug';
    log('debug', 'yes');
    writer.level = 'error';
    log('warn', 'no');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['yes']);
  });

  it('keeps one line one line, and bounded, whatever is logged', () => {
    const { lines, log } = setUp();
    log('info', `a\nb${'x'.repeat(10_000)}`, { peers: ['y'.repeat(10_000)] });
    expect(lines[0]?.trimEnd()).not.toContain('\n');
    expect(lines[0]?.length).toBeLessThan(4_300);
  });
});
