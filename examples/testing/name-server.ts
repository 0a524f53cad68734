import { Buffer } from 'node:buffer';
import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A name server on loopback for a few names: A records that can change, with a time to live of a second. */
export class NameServer {
  readonly #socket: Socket;
  readonly #records = new Map<string, readonly string[]>();
  /** Every name that was asked for an A record. */
  readonly asked: string[] = [];
  /** Answers nothing while it is true. */
  isSilent = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (query, from) => {
      const answer = this.#answer(query);
      if (answer !== null) socket.send(answer, from.port, from.address);
    });
  }

  static async start(): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  /** `127.0.0.1:5353` */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** None: there is no such name. */
  set(name: string, addresses: readonly string[]): void {
    this.#records.set(name, addresses);
  }

  close(): void {
    this.#socket.close();
  }

  /** RFC 1035 section 4: header, the question as it came, an answer for each address. */
  #answer(query: Buffer): Buffer | null {
    if (this.isSilent) return null;
    const { name, end } = nameAt(query, 12);
    const question = query.subarray(12, end + 4);
    const isAddress = query.readUInt16BE(end) === 1;
    if (isAddress) this.asked.push(name);
    const known = this.#records.get(name) ?? [];
    const addresses = isAddress ? known : [];
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(known.length === 0 ? 0x8583 : 0x8580, 2); // authoritative; NXDOMAIN for what is not known
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(addresses.length, 6);
    return Buffer.concat([header, question, ...addresses.map(record)]);
  }
}

function nameAt(message: Buffer, from: number): { readonly name: string; readonly end: number } {
  const labels: string[] = [];
  let at = from;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

/** The name is that of the question, by a pointer to it. */
function record(address: string): Buffer {
  const fixed = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4]);
  return Buffer.concat([fixed, Buffer.from(address.split('.').map(Number))]);
}
