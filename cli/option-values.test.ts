import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  applicationPortValues,
  bytesValue,
  concurrencyValue,
  durationValue,
  headerValues,
  labelValues,
  nameValue,
  portValue,
  throughputValue,
  upstreamValues,
  windowValue,
} from './option-values.ts';

describe('portValue', () => {
  it('reads a port', () => expect(portValue('65535')).toBe(65_535));
  it.each(['0', '65536', '-1', '80a', '', '8e1', ' 80'])('refuses "%s"', (text) => {
    expect(() => portValue(text)).toThrow('A port is a number');
  });
});

describe('headerValues', () => {
  it('reads both ways to write a header, and collects repetitions', () => {
    expect(headerValues('x-beta: 1', headerValues('x-user=jason'))).toEqual([
      { name: 'x-user', value: 'jason' },
      { name: 'x-beta', value: '1' },
    ]);
    expect(headerValues('x-url=http://a=b')).toEqual([{ name: 'x-url', value: 'http://a=b' }]);
  });

  it.each(['x-user', 'x-user=', '=jason', 'x user=jason', 'x-user=j\n'])('refuses "%s"', (text) => {
    expect(() => headerValues(text)).toThrow('Write <name>=<value>');
  });

  it('refuses a header twice', () => {
    expect(() => headerValues('X-User=a', headerValues('x-user=b'))).toThrow('X-User twice');
  });
});

describe('applicationPortValues', () => {
  it('collects repetitions and commas, with what each port speaks', () => {
    expect(applicationPortValues('6379/tcp,50051/grpc', applicationPortValues('8080'))).toEqual([
      { port: 8080, protocol: 'auto' },
      { port: 6379, protocol: 'tcp' },
      { port: 50_051, protocol: 'grpc' },
    ]);
  });

  it.each([
    ['80,80/tcp', 'The same port twice.'],
    ['0/tcp', 'A port is a number from 1 to 65535.'],
    ['/tcp', 'A port is a number from 1 to 65535.'],
    ['6379/', 'What a port carries is http, http2, grpc or tcp.'],
    ['6379/tpc', 'Did you mean 6379/tcp?'],
    ['6379/tcp/x', 'What a port carries is http, http2, grpc or tcp.'],
    ['6379/TCP', 'Did you mean 6379/tcp?'],
  ])('refuses "%s"', (text, message) => {
    expect(() => applicationPortValues(text)).toThrow(message);
  });
});

describe('upstreamValues', () => {
  it('collects repetitions and commas', () => {
    const upstreams = upstreamValues('db=9002,pay.bank:8080=9003', upstreamValues('cart=9001'));
    expect([...upstreams]).toEqual([
      ['cart', 9001],
      ['db', 9002],
      ['pay.bank:8080', 9003],
    ]);
  });

  it.each([
    ['cart', 'Write <service>=<local port>'],
    ['cart=9001=1', 'Write <service>=<local port>'],
    ['cart=', 'Write <service>=<local port>'],
    ['Cart=9001', 'no name of a service'],
    ['a..b=9001', 'no name of a service'],
    ['=9001', 'no name of a service'],
    ['cart=0', 'A port is a number'],
    ['cart:0=1', 'A port is a number'],
    ['cart:1:2=1', 'no name of a service'],
    ['cart=1,cart=2', 'cart twice'],
    ['cart=1,db=1', 'Port 1 twice'],
  ])('refuses "%s"', (text, message) => expect(() => upstreamValues(text)).toThrow(message));
});

describe('labelValues', () => {
  it('collects repetitions and commas, the last one wins', () => {
    expect(labelValues('a/b=1,tier=silver', { tier: 'gold' })).toEqual({ 'a/b': '1', tier: 'silver' });
  });
  it.each(['tier', '=gold', 'tier=-', 'a b=c', '__proto__'])('refuses "%s"', (text) => {
    expect(() => labelValues(text)).toThrow('Write <name>=<value>');
  });
});

describe('nameValue', () => {
  it.each(['web', 'cart-v1', '7'])('takes %s', (text) => expect(nameValue(text)).toBe(text));
  it.each(['', 'Web', '-web', 'web-', 'a.b', 'x'.repeat(64)])('refuses "%s"', (text) => {
    expect(() => nameValue(text)).toThrow('A name has');
  });
});

describe('bytesValue', () => {
  it.each([
    ['64Mi', 67_108_864],
    ['256MiB', 268_435_456],
    ['1Gi', 1_073_741_824],
  ])('reads %s', (text, bytes) => expect(bytesValue(text)).toBe(bytes));
  it.each(['63Mi', '1G', '1024', '', '-1Gi', '0x40Mi'])('refuses "%s"', (text) => {
    expect(() => bytesValue(text)).toThrow('A size is written');
  });
});

describe('throughputValue', () => {
  it.each([
    ['10KiB', 10],
    ['10Ki', 10],
    ['1MiB/s', 1024],
    ['1Gi/s', 1_048_576],
    ['4096Gi', 2 ** 32],
  ])('reads %s', (text, kib) => expect(throughputValue(text)).toBe(kib));
  it.each(['10', '0Ki', '10KB', '10Kbps', '1.5Mi', '-1Ki', '4097Gi', '10Ki/m', ''])('refuses "%s"', (text) => {
    expect(() => throughputValue(text)).toThrow('A throughput is written');
  });
});

describe('durationValue', () => {
  it('reads milliseconds', () => expect(durationValue('1.5s')).toBe(1500));
  it('says what it expects', () =>
    expect(() => durationValue('soon')).toThrow('Write a duration such as 500ms, 10s, 5m or 1h.'));
});

describe('concurrencyValue', () => {
  it.each([
    ['1', 1],
    ['64', 64],
    ['auto', Math.min(availableParallelism(), 64)],
    ['0', Math.min(availableParallelism(), 64)],
  ])('reads %s', (text, expected) => expect(concurrencyValue(text)).toBe(expected));
  it.each(['65', '-1', '1.5', 'two', '', '01x'])('refuses "%s"', (text) =>
    expect(() => concurrencyValue(text)).toThrow('A number from 1 to 64, or auto.'),
  );
});

describe('windowValue', () => {
  it('reads whole seconds', () => expect(windowValue('5m')).toBe(300));
  it.each(['4s', '61m'])('refuses %s', (text) => expect(() => windowValue(text)).toThrow('From 5s to 1h'));
});
