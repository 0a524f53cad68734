import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import {
  ACK,
  data,
  END_HEADERS,
  END_STREAM,
  goaway,
  headers,
  PREFACE,
  ping,
  reset,
  settings,
  settingsAck,
} from './wire.ts';

const [DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE] = [0, 1, 4, 6, 8];
const HEADER_BYTES = 9;
const MAX_PAYLOAD = 16_384;
/** RFC 9113 section 6.9.2. */
const INITIAL_WINDOW = 65_535;

/**
 * The server side of one connection of HTTP/2, frame by frame: it breaks off in ways that libraries keep to themselves.
 *
 * It stands where tests would destroy the sessions of a server of node:http2, too: doing that in the handler of a stream
 * corrupts the memory of its process (Node 20.20.2, also in one without any code of ours).
 */
export class FrameServer {
  readonly socket: Socket;
  readonly #onCall: (call: FrameCall) => void;
  readonly #calls = new Map<number, FrameCall>();
  #unread = Buffer.alloc(0);
  #hasPreface = false;
  #window = INITIAL_WINDOW;
  /** Bodies that wait for the window of the connection; those of streams must be large enough for all of one. */
  readonly #waiting: { readonly id: number; readonly bytes: Buffer; readonly flags: number }[] = [];

  constructor(socket: Socket, onCall: (call: FrameCall) => void) {
    this.socket = socket;
    this.#onCall = onCall;
    socket.on('error', () => {}); // it is there to be broken off
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    this.send(settings());
  }

  send(frames: Buffer): void {
    if (this.socket.writable) this.socket.write(frames);
  }

  sendBody(id: number, bytes: Buffer, isLast: boolean): void {
    for (let from = 0; from === 0 || from < bytes.length; from += MAX_PAYLOAD) {
      const flags = isLast && from + MAX_PAYLOAD >= bytes.length ? END_STREAM : 0;
      this.#waiting.push({ id, bytes: bytes.subarray(from, from + MAX_PAYLOAD), flags });
    }
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    for (
      let next = this.#waiting[0];
      next !== undefined && next.bytes.length <= this.#window;
      next = this.#waiting[0]
    ) {
      this.#waiting.shift();
      this.#window -= next.bytes.length;
      this.send(data(next.id, next.bytes, next.flags));
    }
  }

  #read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    if (!this.#hasPreface) {
      if (this.#unread.length < PREFACE.length) return;
      this.#hasPreface = true;
      this.#unread = this.#unread.subarray(PREFACE.length);
    }
    while (this.#unread.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < end) return;
      const [type = 0, flags = 0] = this.#unread.subarray(3, 5);
      this.#take(type, flags, this.#unread.readUInt32BE(5), this.#unread.subarray(HEADER_BYTES, end));
      this.#unread = this.#unread.subarray(end);
    }
  }

  #take(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === SETTINGS && (flags & ACK) === 0) this.send(settingsAck());
    if (type === PING && (flags & ACK) === 0) this.send(ping(payload.toString('latin1'), ACK));
    if (type === WINDOW_UPDATE && id === 0) {
      this.#window += payload.readUInt32BE(0);
      this.#sendWaiting();
    }
    if (type === HEADERS && !this.#calls.has(id)) {
      const call = new FrameCall(this, id);
      this.#calls.set(id, call);
      this.#onCall(call);
    }
    if ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0) this.#calls.get(id)?.becomesWhole();
  }
}

/** One stream of it. A request of more than a window waits for ever: none is opened further. */
export class FrameCall {
  readonly id: number;
  readonly #server: FrameServer;
  /** Called when the request becomes whole. */
  onWhole: () => void = () => {};
  isWhole = false;

  constructor(server: FrameServer, id: number) {
    this.#server = server;
    this.id = id;
  }

  get socket(): Socket {
    return this.#server.socket;
  }

  becomesWhole(): void {
    this.isWhole = true;
    this.onWhole();
  }

  begin(status: number): void {
    this.#server.send(headers(this.id, [[':status', String(status)]], END_HEADERS));
  }

  body(text: string, isLast: boolean): void {
    this.#server.sendBody(this.id, Buffer.from(text, 'latin1'), isLast);
  }

  reset(code: number): void {
    this.#server.send(reset(this.id, code));
  }

  /** GOAWAY that takes this stream in, or leaves it out. */
  goAway(isIncluded: boolean): void {
    this.#server.send(goaway(isIncluded ? this.id : Math.max(0, this.id - 2)));
  }
}
