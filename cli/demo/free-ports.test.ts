import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { freePorts } from './free-ports.ts';

describe('freePorts', () => {
  it('finds different ports below the ephemeral range', async () => {
    const ports = await freePorts(20);
    expect(new Set(ports).size).toBe(20);
    expect(ports.every((port) => port >= 20_000 && port < 32_000)).toBe(true);
  });

  it('draws again when a port is in use or was drawn before', async () => {
    const [taken = 0, free = 0] = await freePorts(2);
    const holder = createServer().listen(taken, '127.0.0.1');
    await once(holder, 'listening');
    const draws = [taken, free, free, free === 20_000 ? 20_001 : 20_000];
    const random = () => ((draws.shift() ?? 0) - 20_000 + 0.5) / 12_000;
    expect(await freePorts(2, random)).toEqual([free, expect.any(Number)]);
    holder.close();
  });

  it('gives up when there are none', async () => {
    await expect(freePorts(2, () => 0)).rejects.toThrow('no 2 free ports');
  });
});
