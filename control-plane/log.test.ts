import { describe, expect, it } from 'vitest';
import { LogWriter } from './log.ts';

describe('LogWriter', () => {
  it('writes one JSON object per line, with the fields beside the message', () => {
    const lines: string[] = [];
    const log = new LogWriter(
      'info',
      (line) => lines.push(line),
      () => 0,
    ).for('ca');
    log('info', 'joined', { peer: '127.0.0.1', labels: { a: 'line\nbreak' } });
    expect(lines).toEqual([
      '{"ts":"1970-01-01T00:00:00.000Z","level":"info","msg":"joined","component":"ca","peer":"127.0.0.1","labels":{"a":"line\\nbreak"}}\n',
    ]);
  });

  it('leaves out what is below its level, which can change', () => {
    const lines: string[] = [];
    const writer = new LogWriter('warn', (line) => lines.push(line));
    const log = writer.for('xds');
    log('info', 'not this');
    writer.level = 'debug';
    log('debug', 'but this');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['but this']);
  });

  it('shortens long texts', () => {
    const lines: string[] = [];
    new LogWriter('info', (line) => lines.push(line)).for('x')('info', 'm', { text: 'x'.repeat(10_000) });
    expect(lines[0]?.length).toBeLessThan(2_300);
  });
});
