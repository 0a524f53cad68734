import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { plainBalancer } from './cluster/balancer-config.ts';
import { responseFlag } from './failure.ts';
import { defaultLimits } from './resilience/circuit-breaker.ts';
import type { TcpForwarder, TcpForwarderOptions } from './testing/tcp-forwarder.ts';
import { connectTo, startTcpForwarder } from './testing/tcp-forwarder.ts';

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function upstream(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return (server.address() as AddressInfo).port;
}

/** A port of this host on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function forwarder(ports: readonly number[], options: TcpForwarderOptions = {}): Promise<TcpForwarder> {
  const started = await startTcpForwarder(ports, options);
  closers.push(started.close);
  return started;
}

async function client(port: number): Promise<Socket> {
  const socket = await connectTo(port);
  closers.push(() => void socket.destroy());
  return socket;
}

async function textOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'end');
  return text;
}

function dataOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('data', () => resolve()));
}

/** Also of a connection that was reset. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

const flagsOf = ({ closed }: TcpForwarder) => closed.map(({ failure }) => responseFlag(failure));

describe('TcpConnection', () => {
  it('lets a server speak first', async () => {
    const port = await upstream((socket) => socket.end('220 ready\r\n'));
    const socket = await client((await forwarder([port])).port);
    expect(await textOf(socket)).toBe('220 ready\r\n');
  });

  it('keeps a half-closed connection open in the other direction, whichever side ends first', async () => {
    const port = await upstream((socket) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('end', () => setImmediate(() => socket.end(`you said ${text}`)));
    });
    const mesh = await forwarder([port]);
    const socket = await client(mesh.port);
    socket.end('all of it');
    expect(await textOf(socket)).toBe('you said all of it');
    const early = await upstream((server) => {
      server.end('bye');
      let text = '';
      server.on('data', (chunk) => {
        text += chunk.toString();
        if (text === 'not yet') server.emit('heard');
      });
      server.on('heard', () => heard());
    });
    let heard = (): void => {};
    const wasHeard = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const second = await client((await forwarder([early])).port);
    second.resume();
    await once(second, 'end');
    second.write('not yet');
    await wasHeard;
    second.end();
    await vi.waitFor(() => expect(mesh.closed).toHaveLength(1));
    expect(mesh.closed[0]).toMatchObject({ failure: null, receivedBytes: 9, sentBytes: 18, attempts: 1 });
  });

  it('carries 100 MB in each direction at once without changing a byte, holding little of it', async () => {
    const bytes = 100_000_000;
    const block = randomBytes(1_000_000);
    const digest = createHash('sha256');
    for (let sent = 0; sent < bytes; sent += block.length) digest.update(block);
    const expected = digest.digest('hex');
    const send = async (socket: Socket): Promise<void> => {
      for (let sent = 0; sent < bytes; sent += block.length) if (!socket.write(block)) await once(socket, 'drain');
      socket.end();
    };
    const receive = async (socket: Socket): Promise<string> => {
      const hash = createHash('sha256');
      socket.on('data', (chunk) => hash.update(chunk)); // an iterator would destroy the socket at its end
      await once(socket, 'end');
      return hash.digest('hex');
    };
    const served: Promise<string>[] = [];
    const port = await upstream((socket) => {
      served.push(receive(socket));
      void send(socket);
    });
    const mesh = await forwarder([port]);
    const socket = await client(mesh.port);
    const [received] = await Promise.all([receive(socket), send(socket)]);
    expect([received, await served[0]]).toEqual([expected, expected]);
    await vi.waitFor(() => expect(mesh.closed).toMatchObject([{ receivedBytes: bytes, sentBytes: bytes }]));
  }, 60_000);

  it('stops reading a server whose client does not read', async () => {
    let written = 0;
    const port = await upstream((socket) => {
      const more = (): void => {
        while (socket.writable && written < 200_000_000) {
          written += 65_536;
          if (!socket.write(Buffer.alloc(65_536))) {
            socket.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    const mesh = await forwarder([port]);
    const socket = await client(mesh.port);
    socket.pause();
    let before = -1;
    await vi.waitFor(
      () => {
        const now = written;
        const isStill = now === before;
        before = now;
        expect(isStill).toBe(true);
      },
      { timeout: 10_000, interval: 200 },
    );
    // what the kernel takes for two connections, and no more than that
    expect(written).toBeLessThan(50_000_000);
  });

  it('tries another endpoint when one does not accept, as often as it may', async () => {
    const dead = await deadPort();
    const port = await upstream((socket) => socket.end('hello'));
    const patient = await forwarder([dead, port], { route: { maxConnectAttempts: 2 } });
    for (let i = 0; i < 4; i++) {
      const socket = await client(patient.port);
      expect(await textOf(socket)).toBe('hello');
      socket.end();
    }
    await vi.waitFor(() => expect(flagsOf(patient)).toEqual(['-', '-', '-', '-']));
    expect(patient.closed.map(({ attempts }) => attempts)).toContain(2);
    const hasty = await forwarder([dead]);
    const socket = await client(hasty.port);
    await closeOf(socket);
    expect(hasty.closed).toMatchObject([{ failure: 'connectFailure', detail: 'ECONNREFUSED', attempts: 1 }]);
    expect(hasty.opened).toEqual([]);
  });

  it('keeps the connections of one source together where the cluster balances by hash', async () => {
    const ports = await Promise.all(['a', 'b', 'c', 'd'].map((name) => upstream((socket) => socket.end(name))));
    const namesFrom = async (options: TcpForwarderOptions) => {
      const { port } = await forwarder(ports, { cluster: { balancer: plainBalancer('ring-hash') }, ...options });
      const names: string[] = [];
      for (let i = 0; i < 6; i++) {
        const socket = await client(port);
        names.push(await textOf(socket));
        socket.end();
      }
      return new Set(names);
    };
    const isBySource = { route: { isBySource: true } };
    expect((await namesFrom(isBySource)).size).toBe(1);
    expect((await namesFrom({ ...isBySource, address: '10.0.0.7' })).size).toBe(1);
    const bySource = new Set<string>();
    for (let i = 1; i < 12; i++) {
      for (const name of await namesFrom({ ...isBySource, address: `10.0.0.${i}` })) bySource.add(name);
    }
    expect(bySource.size).toBeGreaterThan(1);
  });

  it('resets a client for whom there is nothing', async () => {
    const outcomes: [TcpForwarderOptions, readonly number[], string][] = [
      [{}, [], 'UH'],
      [{ cluster: { name: 'BlackHoleCluster' } }, [], 'NC'],
      [{ refuseWith: 'unknownHost' }, [], 'NR'],
      [
        { cluster: { circuitBreaker: { ...defaultLimits, maxConnections: 0 } } },
        [await upstream((socket) => socket.end('never'))],
        'UO',
      ],
      [{ dial: (result) => result.onDialFailed('identityRefused', 'nobody we know') }, [1], 'UF'],
    ];
    for (const [options, ports, flag] of outcomes) {
      const mesh = await forwarder(ports, options);
      const socket = connect(mesh.port, '127.0.0.1');
      const errors: string[] = [];
      socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? ''));
      socket.resume();
      await closeOf(socket);
      await vi.waitFor(() => expect([flag, flagsOf(mesh), mesh.open.size]).toEqual([flag, [flag], 0]));
      expect(errors).toEqual(['ECONNRESET']);
    }
  });

  it('breaks off the other side of what breaks off, and gives everything back', async () => {
    const ends: string[] = [];
    const sockets: Socket[] = [];
    const port = await upstream((socket) => {
      sockets.push(socket);
      socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
      socket.write('hello');
    });
    const mesh = await forwarder([port]);
    const first = await client(mesh.port);
    await dataOf(first);
    first.resetAndDestroy();
    await vi.waitFor(() => expect(ends).toEqual(['ECONNRESET']));
    const second = await client(mesh.port);
    const failures: string[] = [];
    second.on('error', (error: NodeJS.ErrnoException) => failures.push(error.code ?? ''));
    await dataOf(second);
    sockets.at(-1)?.resetAndDestroy();
    await closeOf(second);
    expect(failures).toEqual(['ECONNRESET']);
    await vi.waitFor(() => expect(flagsOf(mesh)).toEqual(['DC', 'UC']));
    expect(mesh.open.size).toBe(0);
    expect(mesh.cluster.breaker.connections.active).toBe(0);
    expect([...mesh.cluster.endpoints].map(({ activeRequests, tcp }) => [activeRequests, tcp.open, tcp.total])).toEqual(
      [[0, 0, 2]],
    );
  });

  it('survives peers that vanish at any moment, and leaves nothing open', async () => {
    const port = await upstream((socket) => {
      socket.on('data', (chunk) => {
        if (chunk[0] === 0) socket.resetAndDestroy();
        else socket.write(chunk);
      });
      socket.on('end', () => socket.end());
    });
    const mesh = await forwarder([port]);
    const rounds = 60;
    for (let round = 0; round < rounds; round++) {
      const socket = await connectTo(mesh.port);
      socket.write(Buffer.alloc(1 + ((round * 7919) % 200_000), round % 4));
      if (round % 4 === 1) socket.once('data', () => socket.destroy());
      else if (round % 4 === 2) socket.resetAndDestroy();
      else if (round % 4 === 3) setImmediate(() => socket.destroy());
    }
    await vi.waitFor(() => expect(mesh.closed).toHaveLength(rounds), { timeout: 5000 });
    expect([mesh.open.size, mesh.cluster.breaker.connections.active]).toEqual([0, 0]);
  });

  it('closes what has been idle for too long, and nothing else', async () => {
    let nowMs = 0;
    const port = await upstream((socket) => socket.pipe(socket));
    const mesh = await forwarder([port], { nowMs: () => nowMs, route: { idleTimeoutMs: 10_000 } });
    const socket = await client(mesh.port);
    for (const at of [6_000, 12_000]) {
      socket.write('x');
      await once(socket, 'data');
      nowMs = at;
      mesh.clock.tick();
    }
    expect(mesh.open.size).toBe(1);
    nowMs = 30_000;
    mesh.clock.tick();
    socket.resume();
    await once(socket, 'end');
    expect(mesh.closed).toMatchObject([{ failure: 'streamIdleTimeout' }]);
  });
});
