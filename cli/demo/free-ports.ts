import { once } from 'node:events';
import type { Server } from 'node:net';
import { createServer } from 'node:net';

/**
 * Below the range from which Linux takes ports for outgoing connections (32768 up): a port that is free now is not
 * taken by the demo's own traffic before the program that is to have it has started.
 */
const lowest = 20_000;
const highest = 31_999;

/**
 * Different TCP ports that nothing on loopback listens on now.
 *
 * @throws Error when too few are found in 100 draws each
 */
export async function freePorts(count: number, random: () => number = Math.random): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (let draws = 0; ports.length < count; draws += 1) {
      if (draws >= count * 100) throw new Error(`no ${count} free ports between ${lowest} and ${highest}`);
      const port = lowest + Math.floor(random() * (highest - lowest + 1));
      const server = createServer();
      try {
        await once(server.listen(port, '127.0.0.1'), 'listening');
      } catch {
        continue; // in use: draw again
      }
      // Held until all are found, so that none is drawn twice.
      held.push(server);
      ports.push(port);
    }
    return ports;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
