import { describe, expect, it } from 'vitest';
import type { MeshEvent } from '../../control-plane/api/client.ts';
import { clockText } from './clock-text.ts';
import { EventLines } from './event-lines.ts';
import type { Style } from './style.ts';

const marked: Style = { paint: (tone, text) => `<${tone}>${text}</>`, good: '√', bad: '×', warning: '‼' };
const nowMs = Date.parse('2026-11-21T15:00:00Z');
const lastTime = '2026-11-21T14:59:00Z';
const time = clockText(lastTime, nowMs);
const event = {
  lastTime,
  subject: 'recommend-2',
  message: 'ejected 12 s: 5 × 5xx in a row (outlier detection of web-1)',
  tone: 'bad',
  rule: { document: 'BackendTrafficPolicy/default/recommend', file: 'policies/recommend.yaml', line: 1 },
} as MeshEvent; // all that is read of it

describe('EventLines', () => {
  it('has a line for each event, in columns that only grow', () => {
    const lines = new EventLines(marked);
    expect(lines.line({ ...event, subject: 'web-1→recommend' }, nowMs)).toBe(
      `<dim>${time}</>  web-1→recommend  <bad>${event.message}</>  <dim>policies/recommend.yaml:1</>\n`,
    );
    expect(lines.line({ ...event, rule: null }, nowMs)).toBe(
      `<dim>${time}</>  recommend-2      <bad>${event.message}</>\n`,
    );
  });

  it('folds what a narrow terminal would break', () => {
    const margin = ' '.repeat(time.length + 16);
    expect(new EventLines(marked, 80).line(event, nowMs).split('\n')).toEqual([
      `<dim>${time}</>  recommend-2   <bad>ejected 12 s: 5 × 5xx in a row (outlier detection of</>`,
      `${margin}<bad>web-1)</>`,
      `${margin}<dim>policies/recommend.yaml:1</>`,
      '',
    ]);
  });
});
