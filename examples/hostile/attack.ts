import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { ALPN_HTTP1, ALPN_HTTP2, ALPN_TCP } from '../../proto/names.ts';
import type { SeededRandom } from '../../proxy/testing/fuzz/seeded-random.ts';
import type { HostileInput } from './hostile-input.ts';
import type { HostileInputs } from './hostile-inputs.ts';
import { refusedHandshakes, tlsBytes } from './tls-inputs.ts';

/** Where the attackers find the two sidecars. */
export interface AttackedPorts {
  /** Ports of the caller's sidecar that lead to applications, and its HTTP proxy. */
  readonly outbound: readonly number[];
  /** The same for the application that must see nothing. */
  readonly outboundQuiet: number;
  /**
   * Ports of the callee's sidecar, which take mutual TLS, by what their applications speak: peers say in their handshake
   * what they carry, and that is what the application gets.
   */
  readonly inbound: {
    readonly http1: readonly number[];
    readonly http2: readonly number[];
    readonly tcp: readonly number[];
  };
  readonly inboundQuiet: number;
  /** Key and certificate of a peer that has been taken over. */
  readonly stolen: { readonly key: string; readonly cert: string };
}

/** A connection that is still open by then is given up. */
const LIFE_MS = 1500;
/** Half handshakes that are held open at a time. */
const MAX_HELD = 200;

/** Throws one thing after the other at both sidecars, at a rate that does not wait for answers. */
export class Attack {
  readonly sent = new Map<string, number>();
  /** Handshakes that should have failed and did not. */
  readonly accepted: string[] = [];
  readonly #ports: AttackedPorts;
  readonly #inputs: HostileInputs;
  readonly #random: SeededRandom;
  readonly #handshakes = refusedHandshakes();
  readonly #open = new Set<Socket>();
  readonly #held: Socket[] = [];

  constructor(ports: AttackedPorts, inputs: HostileInputs, random: SeededRandom) {
    this.#ports = ports;
    this.#inputs = inputs;
    this.#random = random;
  }

  get total(): number {
    return [...this.sent.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Fulfils after this time, when nothing of it is open any more. */
  async run(perSecond: number, durationMs: number): Promise<void> {
    const beganAtMs = performance.now();
    for (let elapsedMs = 0; elapsedMs < durationMs; elapsedMs = performance.now() - beganAtMs) {
      // what the machine was too busy for is made up for, but not all at once
      const due = Math.min((elapsedMs / 1000) * perSecond - this.total, perSecond / 10);
      for (let i = 0; i < due; i++) this.#throw();
      await pause(5);
    }
    for (const socket of this.#held) socket.destroy();
    while (this.#open.size > 0) await pause(10);
  }

  #throw(): void {
    const { outbound, outboundQuiet, inbound, inboundQuiet, stolen } = this.#ports;
    const anyInbound = Object.values(inbound).flat();
    const random = this.#random;
    switch (random.below(8)) {
      case 0:
      case 1:
        this.#plain('known, to the caller’s sidecar', random.pick(outbound), this.#inputs.known().bytes);
        break;
      case 2:
        this.#plain('changed, to the caller’s sidecar', random.pick(outbound), this.#inputs.mutated().bytes);
        break;
      case 3:
        this.#plain('to be refused, to the caller’s sidecar', outboundQuiet, this.#inputs.refused().bytes);
        break;
      case 4: {
        const isChanged = random.below(2) === 0;
        const input = isChanged ? this.#inputs.mutated() : this.#inputs.known();
        const what = `${isChanged ? 'changed' : 'known'}, from a peer with a certificate`;
        const [ports, protocols] = this.#promise(input);
        this.#tls(what, random.pick(ports), { ...stolen, ALPNProtocols: protocols }, input.bytes, null);
        break;
      }
      case 5: {
        const input = this.#inputs.refused();
        const options = { ...stolen, ALPNProtocols: [alpnOf(input)] };
        this.#tls('to be refused, from a peer with a certificate', inboundQuiet, options, input.bytes, null);
        break;
      }
      case 6: {
        const bytes = random.below(3) > 0 ? random.pick(tlsBytes).bytes : this.#noise();
        if (random.below(4) === 0) this.#hold(random.pick(anyInbound), bytes);
        else this.#plain('no handshake', random.pick(anyInbound), bytes);
        break;
      }
      default: {
        const { name, options } = random.pick(this.#handshakes);
        const withAlpn = { ALPNProtocols: [ALPN_HTTP1], ...options };
        const request = Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        this.#tls('handshakes to be refused', random.pick(anyInbound), withAlpn, request, name);
        break;
      }
    }
  }

  /** What the handshake says of the bytes behind it, and not always rightly, and who can take what it says. */
  #promise({ protocol }: HostileInput): [ports: readonly number[], alpn: string[]] {
    const { http1, http2, tcp } = this.#ports.inbound;
    const manner = this.#random.below(10);
    if (manner === 0) return [tcp, [ALPN_TCP]];
    if (manner === 1) return [http2, [ALPN_HTTP1, ALPN_HTTP2]]; // the sidecar prefers the second
    return protocol === 'http1' ? [http1, [ALPN_HTTP1]] : [http2, [ALPN_HTTP2]];
  }

  #noise(): Buffer {
    return Buffer.from(Array.from({ length: 1 + this.#random.below(600) }, () => this.#random.below(256)));
  }

  #plain(kind: string, port: number, bytes: Buffer): void {
    const socket = connect(port, '127.0.0.1');
    this.#attend(kind, socket);
    this.#say(socket, port, bytes);
  }

  /** `refusedAs` is set where nothing may come back. */
  #tls(kind: string, port: number, options: ConnectionOptions, bytes: Buffer, refusedAs: string | null): void {
    let socket: ReturnType<typeof connectTls>;
    try {
      socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    } catch (error) {
      throw new Error(`${refusedAs ?? kind}: this Node cannot even try`, { cause: error });
    }
    this.#attend(kind, socket);
    socket.once('secureConnect', () => this.#say(socket, port, bytes));
    if (refusedAs !== null) socket.once('data', () => this.accepted.push(refusedAs));
  }

  /** Says some of it, and then nothing; the oldest goes when there are too many. */
  #hold(port: number, bytes: Buffer): void {
    const socket = connect(port, '127.0.0.1');
    this.#count('held open in the handshake');
    this.#open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#open.delete(socket));
    socket.resume();
    socket.write(bytes.subarray(0, 20));
    this.#held.push(socket);
    if (this.#held.length > MAX_HELD) this.#held.shift()?.destroy();
  }

  /** In one piece or in several, and some end where others break off or wait. */
  #say(socket: Socket, port: number, bytes: Buffer): void {
    const manner = this.#random.below(8);
    const cut = manner === 0 && bytes.length > 1 ? 1 + this.#random.below(bytes.length - 1) : bytes.length;
    // whatever is refused when it is whole may begin to pass when it is not
    const { outboundQuiet, inboundQuiet } = this.#ports;
    const isQuiet = port === outboundQuiet || port === inboundQuiet;
    const isWhole = isQuiet || cut === bytes.length;
    socket.write(isWhole ? bytes : bytes.subarray(0, cut), () => {
      if (!isWhole) socket.write(bytes.subarray(cut));
      if (manner === 1) breakOff(socket);
      else if (manner === 2) socket.end();
    });
  }

  #attend(kind: string, socket: Socket): void {
    this.#count(kind);
    this.#open.add(socket);
    const end = setTimeout(() => socket.destroy(), 50 + this.#random.below(LIFE_MS));
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(end);
      this.#open.delete(socket);
    });
    if (this.#random.below(10) > 0) socket.resume(); // the others do not read
  }

  #count(kind: string): void {
    this.sent.set(kind, (this.sent.get(kind) ?? 0) + 1);
  }
}

/** Node cannot reset a connection beneath TLS. */
function breakOff(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

function alpnOf({ protocol }: HostileInput): string {
  return protocol === 'http1' ? ALPN_HTTP1 : ALPN_HTTP2;
}
