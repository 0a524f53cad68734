import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MonitoringServer } from './monitoring-server.ts';
import { startMonitoringServer } from './monitoring-server.ts';

let server: MonitoringServer;

beforeEach(async () => {
  server = await startMonitoringServer({
    host: '127.0.0.1',
    port: 0,
    metrics: async () => 'heddle_up 1\n',
    unreadiness: () => 'still starting',
  });
});
afterEach(() => server.close());

describe('the monitoring server', () => {
  it('says whether it lives, whether it serves, and its metrics, while a thousand clients hold half a request', async () => {
    const halves: Socket[] = [];
    for (let i = 0; i < 1000; i++) {
      const socket = connect(server.port, '127.0.0.1').on('error', () => {});
      halves.push(socket.resume());
      await once(socket, 'connect');
      socket.write(i % 2 === 0 ? 'GET /metrics HTTP/1.1\r\nHost: a\r\nX-Slow: ' : '');
    }
    const answers = await Promise.all(
      ['/healthz', '/readyz', '/metrics', '/other'].map(async (path) => {
        const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
        return [response.status, (await response.text()).split('\n')[0]];
      }),
    );
    expect(answers).toEqual([
      [200, 'ok'],
      [503, 'still starting'],
      [200, 'heddle_up 1'],
      [404, expect.any(String)],
    ]);
    for (const socket of halves) socket.destroy();
  });
});
