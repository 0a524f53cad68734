import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { ConformanceCase, Step } from './conformance-case.ts';
import { OK } from './conformance-case.ts';

/** How long a step may wait for what must happen. */
const STEP_TIMEOUT_MS = 3000;

const PROBE = 'GET /probe HTTP/1.1\r\nHost: probe\r\n\r\n';
const PROBED = 'HTTP/1.1 200 OK\r\nX-Probe: 1\r\nContent-Length: 0\r\n\r\n';

/** Plays a case against a proxy whose only upstream is on `upstream.port`, and throws where something else happens. */
export async function runCase(
  { steps }: ConformanceCase,
  proxyPort: number,
  upstream: CaseUpstream,
  cut: (bytes: string) => readonly string[],
): Promise<void> {
  const client = new Peer(connect({ port: proxyPort, host: '127.0.0.1', allowHalfOpen: true }));
  client.leavesOpen = upstream.leavesOpen = steps.some(
    ([kind]) => kind === 'client ended' || kind === 'upstream ended',
  );
  upstream.isScripted = steps.some(([kind]) => kind === 'upstream sends' || kind === 'upstream ends');
  try {
    await once(client.socket, 'connect');
    for (const step of steps) await runStep(step, client, upstream, proxyPort, cut);
  } finally {
    client.socket.destroy();
  }
}

async function runStep(
  step: Step,
  client: Peer,
  upstream: CaseUpstream,
  proxyPort: number,
  cut: (bytes: string) => readonly string[],
): Promise<void> {
  switch (step[0]) {
    case 'client sends':
      for (const piece of cut(step[1])) await client.send(piece);
      return;
    case 'client ends':
      client.socket.end();
      return;
    case 'client resets':
      client.socket.resetAndDestroy();
      return;
    case 'client gets':
      return client.waitFor(() => withoutAdded(client.text), step[1], 'the client gets');
    case 'client gets among others':
      return client.waitFor(() => (client.text.includes(step[1]) ? step[1] : client.text), step[1], 'the client gets');
    case 'client is answered':
      return client.waitFor(() => statuses(client.text), step.slice(1).join(' '), 'the client is answered');
    case 'client closed':
      return client.waitFor(() => String(client.isClosed), 'true', 'the client’s connection is closed');
    case 'client ended':
      return client.waitFor(
        () => String(client.isEnded && !client.isClosed),
        'true',
        'the client’s connection has ended',
      );
    case 'upstream ended': {
      const { newest } = upstream;
      return newest.waitFor(
        () => String(newest.isEnded && !newest.isClosed),
        'true',
        'the upstream’s connection has ended',
      );
    }
    case 'client open': {
      const before = client.text;
      await client.send(PROBE);
      return client.waitFor(() => withoutAdded(client.text), withoutAdded(before) + PROBED, 'the client asks again');
    }
    case 'upstream gets':
      return upstream.waitFor(() => withoutAdded(upstream.text), step[1], 'the upstream gets');
    case 'upstream sends':
      return upstream.newest.send(step[1]);
    case 'upstream ends':
      upstream.newest.socket.end();
      return;
    case 'upstream resets':
      upstream.newest.socket.resetAndDestroy();
      return;
    case 'upstream closed': {
      const { newest } = upstream;
      return newest.waitFor(() => String(newest.isClosed), 'true', 'the upstream’s connection is closed');
    }
    case 'upstream kept':
    case 'upstream not kept': {
      const before = upstream.peers.length;
      const other = new Peer(connect({ port: proxyPort, host: '127.0.0.1', allowHalfOpen: true }));
      await other.send(PROBE);
      await other.waitFor(() => withoutAdded(other.text), PROBED, 'another client asks');
      other.socket.destroy();
      const expected = step[0] === 'upstream kept' ? 0 : 1;
      const added = upstream.peers.length - before;
      if (added !== expected) throw new Error(`${added} new connections to the upstream, not ${expected}`);
      return;
    }
  }
}

/** One end of a connection: what came, whether it is over, and who waits for that. */
class Peer {
  readonly socket: Socket;
  text = '';
  isEnded = false;
  isClosed = false;
  readonly #onChange: () => void;
  #wake: (() => void) | null = null;

  /** Whether the proxy's end does not end us; set by cases that are about it. */
  leavesOpen = false;

  constructor(socket: Socket, onChange: () => void = () => {}) {
    this.socket = socket;
    this.#onChange = onChange;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1');
      this.#changed();
    });
    socket.on('end', () => {
      this.isEnded = true;
      if (!this.leavesOpen) socket.end();
      this.#changed();
    });
    socket.on('close', () => {
      this.isClosed = true;
      this.#changed();
    });
  }

  #changed(): void {
    this.#onChange();
    this.#wake?.();
  }

  /** Resolves when the kernel has the bytes, and the event loop has turned. */
  async send(text: string): Promise<void> {
    await new Promise<void>((resolve) => this.socket.write(text, 'latin1', () => resolve()));
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async waitFor(actual: () => string, expected: string, what: string): Promise<void> {
    await waitUntil(
      (wake) => {
        this.#wake = wake;
      },
      actual,
      expected,
      what,
    );
  }
}

async function waitUntil(
  onWake: (wake: () => void) => void,
  actual: () => string,
  expected: string,
  what: string,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const look = () => {
      if (actual() !== expected) return;
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      const [got, wanted] = [actual(), expected].map((text) => JSON.stringify(text.slice(0, 2000)));
      reject(new Error(`${what}: ${got}, not ${wanted}`));
    }, STEP_TIMEOUT_MS);
    onWake(look);
    look();
  });
}

/** The upstream of one case. Answers probes always, and other requests when they are whole unless the case scripts it. */
export class CaseUpstream {
  readonly peers: Peer[] = [];
  /** All that has arrived, probes left out. */
  text = '';
  isScripted = false;
  /** Of its connections, as `Peer.leavesOpen`. */
  leavesOpen = false;
  readonly #server: Server;
  #wake: (() => void) | null = null;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      let read = 0;
      const peer = new Peer(socket, () => {
        read += this.#take(peer, peer.text.slice(read));
        this.#wake?.();
      });
      peer.leavesOpen = this.leavesOpen;
      this.peers.push(peer);
    });
  }

  static async start(): Promise<CaseUpstream> {
    const upstream = new CaseUpstream();
    upstream.#server.listen(0, '127.0.0.1');
    await once(upstream.#server, 'listening');
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The connection that a request other than a probe came over last. */
  get newest(): Peer {
    const peer = this.#newest ?? this.peers.at(-1);
    if (peer === undefined) throw new Error('no connection to the upstream');
    return peer;
  }

  #newest: Peer | null = null;

  /** Reads what is new on a connection; returns how much of it is done with. */
  #take(peer: Peer, text: string): number {
    if (withoutAdded(text) === PROBE) {
      void peer.send(PROBED);
      return text.length;
    }
    if (text === '' || PROBE.startsWith(text.slice(0, PROBE.length))) return 0;
    this.#newest = peer;
    if (this.isScripted) {
      this.text += text;
      return text.length;
    }
    const end = requestEnd(text);
    if (end === 0) {
      this.#partial = text;
      return 0;
    }
    this.#partial = '';
    this.text += text.slice(0, end);
    void peer.send(OK);
    return end;
  }

  /** Of a request that is not whole yet. */
  #partial = '';

  async waitFor(actual: () => string, expected: string, what: string): Promise<void> {
    const whole = () => (this.#partial === '' ? actual() : withoutAdded(this.text + this.#partial));
    await waitUntil(
      (wake) => {
        this.#wake = wake;
      },
      whole,
      expected,
      what,
    );
  }

  async close(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Offset behind the first request of a text that the proxy made, 0 when it is not whole. */
function requestEnd(text: string): number {
  const bodyStart = text.indexOf('\r\n\r\n') + 4;
  if (bodyStart === 3) return 0;
  const head = text.slice(0, bodyStart);
  const length = Number(/\r\ncontent-length:\s*(\d+)/i.exec(head)?.[1] ?? 0);
  if (!/\r\ntransfer-encoding:/i.test(head)) return text.length < bodyStart + length ? 0 : bodyStart + length;
  let at = bodyStart;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return 0;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (size > 0) {
      at = lineEnd + 2 + size + 2;
      continue;
    }
    const end = text.indexOf('\r\n\r\n', lineEnd);
    return end < 0 ? 0 : end + 4;
  }
}

/** What every sidecar adds is the subject of other tests. */
function withoutAdded(text: string): string {
  return text.replace(
    /^(?:x-request-id: [0-9a-f]{8}-[0-9a-f-]{27}|x-forwarded-client-cert: .*|x-heddle-peer: .*|x-envoy-upstream-service-time: .*)\r\n/gm,
    '',
  );
}

function statuses(text: string): string {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status).join(' ');
}
