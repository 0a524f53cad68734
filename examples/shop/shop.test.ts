import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
});

describe('the shop without a mesh', () => {
  it('is ordinary programs that find each other by URLs in their environment', async () => {
    const db = await start('db', {});
    const cart = await start('cart', { VERSION: 'v2', INSTANCE: 'cart-v2-1', DB_URL: db });
    const recommend = await start('recommend', {});
    const web = await start('web', { INSTANCE: 'web-1', CART_URL: cart, RECOMMEND_URL: recommend });
    const response = await fetch(web);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      service: 'web',
      instance: 'web-1',
      cart: { service: 'cart', version: 'v2', instance: 'cart-v2-1', totalCents: 5235 },
      recommend: { service: 'recommend', version: 'v1' },
    });
  });

  it('says which call failed, and with what', async () => {
    const broken = createServer((_request, response) => void response.writeHead(503).end('{"title":"no endpoint"}'));
    await once(broken.listen(0, '127.0.0.1'), 'listening');
    const { port } = broken.address() as AddressInfo;
    const cart = await start('cart', { DB_URL: `http://127.0.0.1:${port}` });
    const response = await fetch(cart);
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({
      error: `http://127.0.0.1:${port}/items.json: status 503 {"title":"no endpoint"}`,
    });
    broken.close();
  });
});

/** Starts one of the shop's programs and resolves with its URL once it listens. */
async function start(program: string, environment: Record<string, string>): Promise<string> {
  const holder = createTcpServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  holder.close();
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, `${program}.ts`)], {
    env: { ...process.env, ...environment, PORT: String(port) },
    stdio: 'inherit',
  });
  children.push(child);
  while (!(await accepts(port))) if (child.exitCode !== null) throw new Error(`${program} exited`);
  return `http://127.0.0.1:${port}`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => setTimeout(resolve, 10, false));
    socket.once('connect', () => socket.destroy());
  });
}
