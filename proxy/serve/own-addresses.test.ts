import { describe, expect, it } from 'vitest';
import { OwnAddresses } from './own-addresses.ts';

const listening = [
  { host: '127.0.0.1', port: 15_001 },
  { host: '0.0.0.0', port: 16_006 },
];
const own = () => new OwnAddresses('192.0.2.7', 15_000, () => listening);

describe('OwnAddresses', () => {
  it('knows a listener by its address and port, however the address is written', () => {
    expect(own().isListener('127.0.0.1', 15_001)).toBe(true);
    expect(own().isListener('::ffff:127.0.0.1', 15_001)).toBe(true);
    expect(own().isListener('0.0.0.0', 15_001)).toBe(true);
    expect(own().isListener('127.0.0.1', 8080)).toBe(false);
  });

  it('leaves the same port of another address to the application', () => {
    expect(own().isListener('127.0.0.2', 15_001)).toBe(false);
  });

  it('takes every address of this host for a listener that is bound to all', () => {
    expect(own().isListener('127.0.0.1', 16_006)).toBe(true);
    expect(own().isListener('192.0.2.7', 16_006)).toBe(true);
    expect(own().isListener('192.0.2.8', 16_006)).toBe(false);
  });

  it('protects the admin server, also one that comes later at another port', () => {
    const addresses = own();
    expect(addresses.isListener('127.0.0.1', 15_000)).toBe(true);
    addresses.protectAdmin(23_456);
    expect(addresses.isListener('127.0.0.1', 23_456)).toBe(true);
  });

  it('says whether a request to the outside would come back', () => {
    expect(own().isHost('192.0.2.7', 16_006)).toBe(true);
    expect(own().isHost('127.0.0.1', 15_001)).toBe(true);
    expect(own().isHost('192.0.2.7', 8080)).toBe(false);
  });
});
