import { describe, expect, it } from 'vitest';
import { formatCallers, parseCallers } from './caller-metadata.ts';
import { messageType } from './load.ts';
import { toStruct } from './struct.ts';

const metadata = (filter_metadata: ReturnType<typeof formatCallers>) => {
  const type = messageType('envoy.config.core.v3.Metadata');
  return type.decode(type.encode({ filter_metadata }));
};

describe('parseCallers', () => {
  it('reads what formatCallers has written', () => {
    const callers = [
      { region: 'eu', zone: 'a', count: 3 },
      { region: '', zone: '', count: 1 },
    ];
    expect(parseCallers(metadata(formatCallers(callers)))).toEqual(callers);
  });

  it.each([null, { callers: 1 }, { callers: [1, null, [], { region: 'eu' }, { region: 'eu', zone: 'a', count: 0 }] }])(
    'reads nothing from %j',
    (heddle) => {
      expect(parseCallers(heddle === null ? null : metadata({ heddle: toStruct(heddle) }))).toEqual([]);
    },
  );
});
