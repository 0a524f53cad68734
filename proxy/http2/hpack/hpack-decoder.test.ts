import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RULE_MALFORMED } from '../field-rules.ts';
import type { FieldLimits } from './field-list.ts';
import { defaultFieldLimits } from './field-list.ts';
import { HpackDecoder } from './hpack-decoder.ts';

/** The fields as `name: value`, or the fault. */
function decode(decoder: HpackDecoder, bytes: Buffer | string, limits: FieldLimits = defaultFieldLimits): unknown {
  const block = typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(' ', ''), 'hex') : bytes;
  // not at the beginning of its buffer, and with something behind it
  const buffer = Buffer.concat([Buffer.from('ff'), block, Buffer.from('ff')]);
  const list = decoder.decode(buffer, 2, 2 + block.length, limits);
  if (typeof list === 'string') return list;
  return list.fields.slice(0, list.count).map((field) => `${field.name}: ${field.value}`);
}

const request1 = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
const request2 = [...request1, 'cache-control: no-cache'];
const request3 = [
  ':method: GET',
  ':scheme: https',
  ':path: /index.html',
  ':authority: www.example.com',
  'custom-key: custom-value',
];
const response1 = [
  ':status: 302',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:21 GMT',
  'location: https://www.example.com',
];
const response2 = [':status: 307', ...response1.slice(1)];
const response3 = [
  ':status: 200',
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:22 GMT',
  'location: https://www.example.com',
  'content-encoding: gzip',
  'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
];

/** RFC 7541 appendix C: bytes, fields and size of the table, one decoder for each example. */
const examples: [string, number, [string, string[], number][]][] = [
  ['C.2.1', 4096, [['400a637573746f6d2d6b65790d637573746f6d2d686561646572', ['custom-key: custom-header'], 55]]],
  ['C.2.2', 4096, [['040c2f73616d706c652f70617468', [':path: /sample/path'], 0]]],
  ['C.2.3', 4096, [['100870617373776f726406736563726574', ['password: secret'], 0]]],
  ['C.2.4', 4096, [['82', [':method: GET'], 0]]],
  [
    'C.3',
    4096,
    [
      ['828684410f7777772e6578616d706c652e636f6d', request1, 57],
      ['828684be58086e6f2d6361636865', request2, 110],
      ['828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565', request3, 164],
    ],
  ],
  [
    'C.4',
    4096,
    [
      ['828684418cf1e3c2e5f23a6ba0ab90f4ff', request1, 57],
      ['828684be5886a8eb10649cbf', request2, 110],
      ['828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', request3, 164],
    ],
  ],
  [
    'C.5',
    256,
    [
      [
        '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54' +
          '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        response1,
        222,
      ],
      ['4803333037c1c0bf', response2, 222],
      [
        '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d41534' +
          '44a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
        response3,
        215,
      ],
    ],
  ],
  [
    'C.6',
    256,
    [
      [
        '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
        response1,
        222,
      ],
      ['4883640effc1c0bf', response2, 222],
      [
        '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5' +
          'af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
        response3,
        215,
      ],
    ],
  ],
];

describe('HpackDecoder', () => {
  it.each(examples)('decodes example %s of RFC 7541', (_, maxTableSize, sections) => {
    const decoder = new HpackDecoder(maxTableSize);
    for (const [bytes, fields, tableSize] of sections) {
      expect(decode(decoder, bytes)).toEqual(fields);
      expect(decoder.tableSize).toBe(tableSize);
    }
  });

  it.each([
    ['2.3.3: index 0', '80'],
    ['2.3.3: an index beyond both tables', 'be'],
    ['2.3.3: a name index beyond both tables', '7e0161'],
    ['5.1: an integer that is cut off', 'ff80'],
    ['5.1: an integer of many octets', 'ff8080808080808000'],
    ['5.1: an integer beyond 2^28', 'ffffffffff0f'],
    ['5.2: a string that is cut off', '000461'],
    ['5.2: a value that is missing', '000161'],
    ['5.2: no name at all', '40'],
    ['5.2: a length beyond the section', '00ff80808001'],
    ['5.2: padding of eight bits', '0082f8ff0161'],
    ['5.2: padding that is not all ones', '0081180161'],
    ['5.2: EOS in a string', '0084ffffffff0161'],
    ['4.2: a size update behind a field', '8220'],
    ['4.2: a size beyond the setting', '3fe21f'],
  ])('refuses, RFC 7541 section %s', (_, bytes) => {
    expect(decode(new HpackDecoder(), bytes)).toBe('compressionError');
  });

  it('takes size updates at the beginning of a section, and evicts what has no room', () => {
    const decoder = new HpackDecoder();
    decode(decoder, '400161016140016201624001630163');
    expect(decoder.tableSize).toBe(3 * 34);
    expect(decode(decoder, '3f25 be')).toEqual(['c: c']); // 68
    expect(decode(decoder, 'c0')).toBe('compressionError');
    expect(decode(decoder, '20 3fe11f')).toEqual([]); // 0, then 4096
    expect(decoder.tableSize).toBe(0);
  });

  it('empties the table for an entry that is larger than it (RFC 7541 section 4.4)', () => {
    const decoder = new HpackDecoder(64);
    decode(decoder, '4001610161');
    const large = Buffer.concat([Buffer.from('400162', 'hex'), Buffer.from([40]), Buffer.alloc(40, 'x')]);
    expect(decode(decoder, large)).toEqual([`b: ${'x'.repeat(40)}`]);
    expect(decoder.tableSize).toBe(0);
  });

  it('keeps a name that its own entry evicts (RFC 7541 section 4.4)', () => {
    const decoder = new HpackDecoder(40);
    decode(decoder, '400461626364046162 6364');
    expect(decode(decoder, '7e0178')).toEqual(['abcd: x']);
    expect(decode(decoder, 'be')).toEqual(['abcd: x']);
  });

  it('goes round its ring many times', () => {
    const decoder = new HpackDecoder(4096);
    for (let i = 0; i < 1000; i++) {
      const value = String(i).padStart(4, '0');
      decode(decoder, Buffer.concat([Buffer.from('40016104', 'hex'), Buffer.from(value)]));
      expect(decode(decoder, 'be')).toEqual([`a: ${value}`]);
    }
    expect(decoder.tableSize).toBe(37 * 110);
    expect(decode(decoder, 'ff2c')).toEqual(['a: 0890']); // the oldest of 110
    expect(decode(decoder, 'ff2d')).toBe('compressionError');
  });

  describe('beyond its limits', () => {
    const limits: FieldLimits = { maxHeadBytes: 1000, maxHeaders: 10 };

    it('counts every field, stores no more than allowed, and keeps the table in step', () => {
      const decoder = new HpackDecoder();
      const bytes = Buffer.from(`${'90'.repeat(10)}4001610162`, 'hex');
      const list = decoder.decode(bytes, 0, bytes.length, limits);
      expect(list).toMatchObject({ count: 10, tooLarge: true });
      expect(decode(decoder, 'be')).toEqual(['a: b']);
    });

    it('does not count what stands in the first line of HTTP/1, as often as it may stand there', () => {
      const decoder = new HpackDecoder();
      const count = (hex: string) => decoder.decode(Buffer.from(hex, 'hex'), 0, hex.length / 2, limits);
      for (let again = 0; again < 3; again++) {
        expect(count(`828684${'90'.repeat(10)}`)).toMatchObject({ count: 13, headers: 10, tooLarge: false });
        expect(count(`88${'90'.repeat(10)}`)).toMatchObject({ count: 11, headers: 10, tooLarge: false });
        expect(count(`828684${'90'.repeat(11)}`)).toMatchObject({ tooLarge: true });
        // :authority is Host
        expect(count(`82868481${'90'.repeat(10)}`)).toMatchObject({ tooLarge: true });
        expect(count('82'.repeat(15))).toMatchObject({ tooLarge: true });
      }
    });

    it('counts decoded octets and 32 for each field', () => {
      const decoder = new HpackDecoder();
      const field = (length: number): Buffer =>
        Buffer.concat([
          Buffer.from('0001617f', 'hex'),
          Buffer.from([0x80 + ((length - 127) & 127), (length - 127) >> 7]),
          Buffer.alloc(length, 'x'),
        ]);
      const exact = field(1000 - 33);
      expect(decoder.decode(exact, 0, exact.length, limits)).toMatchObject({ size: 1000, tooLarge: false });
      const over = field(1000 - 32);
      expect(decoder.decode(over, 0, over.length, limits)).toMatchObject({ count: 0, tooLarge: true });
    });

    it('ends the connection at four times of them', () => {
      expect(decode(new HpackDecoder(), '82'.repeat(41), limits)).toBe('excessiveLoad');
      expect(decode(new HpackDecoder(), '82'.repeat(10), { ...limits, maxHeadBytes: 100 })).toBe('excessiveLoad');
    });

    it.each([
      ['a cookie of 4,000 octets, 400 times by index', 'cookie', 4000, 400],
      ['a host, 10,000 times by index', 'host', 4, 10_000],
    ])('spends nothing on %s', (_, name, length, times) => {
      const decoder = new HpackDecoder();
      const value = Buffer.alloc(length, 'x');
      const prefix =
        length < 127 ? Buffer.from([length]) : Buffer.from([0x7f, 0x80 + ((length - 127) & 127), (length - 127) >> 7]);
      const insert = Buffer.concat([Buffer.from([0x40, name.length]), Buffer.from(name), prefix, value]);
      decode(decoder, insert);
      const bomb = Buffer.alloc(times, 0xbe);
      const before = process.memoryUsage().heapUsed;
      expect(decoder.decode(bomb, 0, bomb.length, defaultFieldLimits)).toBe('excessiveLoad');
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_048_576);
    });
  });

  describe('reading a section like one before it', () => {
    /** `:method: GET`, an indexed line, and a request id that is spelled out. */
    const section = (id: string): Buffer =>
      Buffer.from(`82be0f30${Buffer.from([id.length]).toString('hex')}${Buffer.from(id).toString('hex')}`, 'hex');
    function warm(): HpackDecoder {
      const decoder = new HpackDecoder();
      decode(decoder, '40016101 62'); // a: b
      decode(decoder, '400c782d726571756573742d69640130'); // x-request-id: 0
      decode(decoder, '4001630164'); // c: d
      return decoder;
    }

    it('gives each its own values', () => {
      const decoder = warm();
      const other = Buffer.from('82be0f300165', 'hex');
      for (const id of ['1', '2', '2', '', 'x'.repeat(100), '1']) {
        const expected = [':method: GET', 'c: d', `x-request-id: ${id}`];
        expect(decode(decoder, section(id))).toEqual(expected);
      }
      for (let i = 0; i < 100; i++)
        expect(decode(decoder, section(`${i}`))).toEqual([':method: GET', 'c: d', `x-request-id: ${i}`]);
      expect(decode(decoder, other)).toEqual([':method: GET', 'c: d', 'x-request-id: e']);
    });

    it('forgets it when the table changes', () => {
      const decoder = warm();
      for (let i = 0; i < 2; i++) expect(decode(decoder, 'be')).toEqual(['c: d']);
      decode(decoder, '4001650166'); // e: f
      expect(decode(decoder, 'be')).toEqual(['e: f']);
      expect(decode(decoder, '20')).toEqual([]);
      expect(decode(decoder, 'be')).toBe('compressionError');
    });

    it('looks at values and limits as it would the first time', () => {
      const decoder = warm();
      for (let i = 0; i < 2; i++) decode(decoder, section('1'));
      const limits: FieldLimits = { maxHeadBytes: 42 + 34 + 51, maxHeaders: 3 };
      const size = (bytes: Buffer, within: FieldLimits): unknown => decoder.decode(bytes, 0, bytes.length, within);
      expect(size(section('1234567'), limits)).toMatchObject({ size: 127, tooLarge: false });
      expect(size(section('12345678'), limits)).toMatchObject({ tooLarge: true });
      expect(size(section('1'), { ...limits, maxHeaders: 1 })).toMatchObject({ tooLarge: true, count: 2 });
      expect(size(section('1'), limits)).toMatchObject({ size: 121, tooLarge: false });
      expect(decode(decoder, section('1').subarray(0, -1))).toBe('compressionError');
      expect(decode(decoder, Buffer.from('82be0f3081ff', 'hex'))).toBe('compressionError');
      const list = decoder.decode(section('a\nb'), 0, 8, defaultFieldLimits);
      expect(typeof list === 'string' ? list : list.fields[2]?.rule).toBe(RULE_MALFORMED);
    });

    it('keeps few of them, however many forms there are', () => {
      const decoder = warm();
      for (let round = 0; round < 3; round++) {
        for (let index = 2; index < 62; index++) {
          expect(decode(decoder, Buffer.from([0x80 + index, 0xbe]))).toHaveLength(2);
        }
      }
      expect(decode(decoder, '82be')).toEqual([':method: GET', 'c: d']);
    });
  });

  it('never throws, and never stores more than its limits allow, whatever the bytes', () => {
    const limits: FieldLimits = { maxHeadBytes: 500, maxHeaders: 5 };
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), (sections) => {
        const decoder = new HpackDecoder(128);
        for (const section of sections) {
          const list = decoder.decode(Buffer.from(section), 0, section.length, limits);
          expect(decoder.tableSize).toBeLessThanOrEqual(128);
          if (typeof list === 'string') return;
          expect(list.count).toBeLessThanOrEqual(5 + 4);
        }
      }),
    );
  });
});
