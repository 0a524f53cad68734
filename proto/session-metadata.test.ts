import { describe, expect, it } from 'vitest';
import { messageType } from './load.ts';
import { formatSessionBounds, parseSessionBounds } from './session-metadata.ts';
import { toStruct } from './struct.ts';

const metadata = (filter_metadata: ReturnType<typeof formatSessionBounds>) => {
  const type = messageType('envoy.config.core.v3.Metadata');
  return type.decode(type.encode({ filter_metadata }));
};

describe('parseSessionBounds', () => {
  it('reads what formatSessionBounds has written', () => {
    const bounds = { absoluteMs: 3_600_000, idleMs: 90_000 };
    expect(parseSessionBounds(metadata(formatSessionBounds(bounds)))).toEqual(bounds);
  });

  it.each([{}, { absoluteMs: '1', idleMs: null }, { absoluteMs: -1, idleMs: [1] }])('takes %j for no bound', (said) => {
    expect(parseSessionBounds(metadata({ 'heddle.session': toStruct(said) }))).toEqual({ absoluteMs: 0, idleMs: 0 });
    expect(parseSessionBounds(null)).toEqual({ absoluteMs: 0, idleMs: 0 });
  });
});
