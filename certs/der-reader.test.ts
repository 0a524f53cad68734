import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerError } from './der-error.ts';
import { contextTag, DerReader, tags } from './der-reader.ts';
import * as der from './der-writer.ts';

const reader = (hex: string) => new DerReader(Buffer.from(hex, 'hex'));

describe('DerReader', () => {
  it('reads elements one after the other and goes into them when told to', () => {
    const outer = reader('300602010504012a');
    const inner = outer.enter(tags.sequence, 'outer');
    outer.finish('outer');
    expect(inner.isNext(tags.integer)).toBe(true);
    expect(inner.unsignedInteger('number', 1)).toEqual(Buffer.from([5]));
    expect(inner.element(tags.octetString, 'bytes')).toEqual(Buffer.from('04012a', 'hex'));
    expect(inner.isAtEnd).toBe(true);
  });

  it('reads what the writer wrote, for every length of length', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const written = der.encodeDer(der.octetString(Buffer.alloc(length, 7)));
      const input = new DerReader(written);
      expect(input.content(tags.octetString, 'bytes')).toHaveLength(length);
      input.finish('bytes');
    }
  });

  it.each([
    ['nothing', ''],
    ['a tag without a length', '04'],
    ['another tag', '0500'],
    ['a length beyond the end', '040201'],
    ['an indefinite length', '0480010000'],
    ['a length in long form that fits the short one', '0481012a'],
    ['a length with a leading zero', `04820080${'00'.repeat(128)}`],
    ['a length of four bytes', '048400000001'],
    ['a length that is cut off', '048201'],
    ['the constructed form of a string', '2403040100'],
  ])('refuses %s', (_, hex) => {
    expect(() => reader(hex).content(tags.octetString, 'it')).toThrow(DerError);
  });

  it('refuses what follows the last element', () => {
    const input = reader('0500ff');
    input.content(0x05, 'null');
    expect(() => input.finish('null')).toThrow(/followed by 1 more/);
  });

  it.each(['010101', '01020000', '0100'])('refuses %s as a BOOLEAN', (hex) => {
    expect(() => reader(hex).boolean('it')).toThrow(DerError);
  });

  it.each([
    ['empty', '0200'],
    ['negative', '0201ff'],
    ['with a leading zero', '02020001'],
    ['too long', '0203010000'],
  ])('refuses an INTEGER that is %s', (_, hex) => {
    expect(() => reader(hex).unsignedInteger('it', 2)).toThrow(DerError);
  });

  it('reads flags, and refuses those that are not distinguished', () => {
    expect(reader('030205a0').flags('it')).toEqual([0, 2]);
    expect(reader('0303070080').flags('it')).toEqual([8]);
    expect(reader('030100').flags('it')).toEqual([]);
    for (const hex of ['0300', '03020080', '030205a1', '030208a0', '030107', '03020000', '0306000000000001']) {
      expect(() => reader(hex).flags('it'), hex).toThrow(DerError);
    }
  });

  it('refuses a BIT STRING that is not made of whole bytes where one is needed', () => {
    expect(reader('03020080').wholeBits('it')).toEqual(Buffer.from([0x80]));
    expect(() => reader('03020780').wholeBits('it')).toThrow(DerError);
    expect(() => reader('0300').wholeBits('it')).toThrow(DerError);
  });

  it('refuses text that is not UTF-8', () => {
    expect(reader('0c02c3a9').utf8String('it')).toBe('é');
    expect(() => reader('0c01c3').utf8String('it')).toThrow(DerError);
  });

  it('gives back every time the writer writes, to the second', () => {
    const first = Date.UTC(1950, 0, 1) / 1000;
    const last = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), (seconds) => {
        const written = der.encodeDer(der.time(seconds * 1000));
        expect(new DerReader(written).timeMs('it')).toBe(seconds * 1000);
      }),
    );
  });

  it.each([
    ['UTCTime', tags.utcTime, '260231000000Z'],
    ['UTCTime', tags.utcTime, '260101240000Z'],
    ['UTCTime', tags.utcTime, '260101006000Z'],
    ['UTCTime', tags.utcTime, '260101000060Z'],
    ['UTCTime', tags.utcTime, '261301000000Z'],
    ['UTCTime', tags.utcTime, '260100000000Z'],
    ['UTCTime', tags.utcTime, '2601010000Z'],
    ['UTCTime', tags.utcTime, '260101000000+0000'],
    ['GeneralizedTime', tags.generalizedTime, '20491231235959Z'],
    ['GeneralizedTime', tags.generalizedTime, '20500101000000.5Z'],
    ['GeneralizedTime', tags.generalizedTime, '00000101000000Z'],
  ])('refuses the %s %s %s', (_, tag, text) => {
    const bytes = Buffer.concat([Buffer.from([tag, text.length]), Buffer.from(text)]);
    expect(() => new DerReader(bytes).timeMs('it')).toThrow(DerError);
  });

  it('answers any bytes with elements that move forward, or with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let steps = 0;
        let input = new DerReader(bytes);
        try {
          while (!input.isAtEnd) {
            const tag = input.nextTag('it');
            if (tag & 0x20) {
              input = input.enter(tag, 'it');
            } else {
              input.content(tag, 'it');
            }
            steps += 1;
          }
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
        }
        // Every element takes two bytes at least, whether it is entered or passed over.
        expect(steps).toBeLessThanOrEqual(bytes.length / 2);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('contextTag', () => {
  it('is the identifier octet', () => {
    expect(contextTag(6, 'primitive')).toBe(0x86);
    expect(contextTag(3, 'constructed')).toBe(0xa3);
  });
});
