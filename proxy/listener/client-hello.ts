/** What a TLS client says before anything is encrypted. */
export interface ClientHello {
  /** In lower case; empty when there is none. */
  readonly serverName: string;
  readonly alpnProtocols: readonly string[];
}

/** A ClientHello with its record headers is at most this long (Envoy `tls_inspector`). */
export const MAX_CLIENT_HELLO_BYTES = 16_384;

/**
 * Reads the server name and the protocols of a ClientHello, from the first bytes of a connection. It may be spread over
 * several records. `more`: it is not whole yet.
 *
 * Strict, because who asks decides by the name where the bytes go: anything out of place is `malformed`, a name that no
 * host can have among it, and a second name or a second extension of a kind, of which the server might choose the other.
 * Nothing is verified beyond that; the bytes go on unchanged.
 *
 * Source: RFC 8446 sections 4.1.2, 4.2 and 5.1; RFC 6066 section 3 (server_name); RFC 7301 section 3.1 (ALPN).
 */
export function parseClientHello(bytes: Uint8Array): ClientHello | 'more' | 'malformed' {
  const handshake = handshakeBytes(bytes);
  return typeof handshake === 'string' ? handshake : readHello(handshake);
}

/**
 * Length of a handshake record at `at`. Its version is of no meaning, but is 3.x in every version of TLS.
 */
export function readRecordHeader(bytes: Uint8Array, at: number): number | 'more' | 'malformed' {
  const [type, major, minor, high, low] = bytes.subarray(at, at + 5);
  if (type === undefined) return 'more';
  if (type !== HANDSHAKE || (major ?? 3) !== 3 || (minor ?? 0) > 4) return 'malformed';
  if (high === undefined) return 'more';
  if (high > MAX_RECORD_BYTES >> 8) return 'malformed';
  if (low === undefined) return 'more';
  const length = high * 256 + low;
  return length === 0 || length > MAX_RECORD_BYTES ? 'malformed' : length;
}

const HANDSHAKE = 0x16;
const CLIENT_HELLO = 1;
const MAX_RECORD_BYTES = 16_384;
const SERVER_NAME = 0;
const ALPN = 16;

/** The ClientHello without the headers of its records and its own. */
function handshakeBytes(bytes: Uint8Array): Uint8Array | 'more' | 'malformed' {
  const parts: Uint8Array[] = [];
  let gathered = 0;
  let needed = 4;
  for (let at = 0; gathered < needed; ) {
    const length = readRecordHeader(bytes, at);
    if (length === 'malformed') return 'malformed';
    if (length === 'more') return unfinished(bytes);
    const part = bytes.subarray(at + 5, at + 5 + length);
    if (gathered < 4) {
      const known = header(parts, part);
      if (known === 'malformed') return 'malformed';
      needed = known;
    }
    parts.push(part);
    gathered += part.length;
    at += 5 + length;
    if (gathered < needed && at > bytes.length) return unfinished(bytes);
    if (gathered < needed && at >= MAX_CLIENT_HELLO_BYTES) return 'malformed';
  }
  if (!hasRoom(parts, needed)) return 'malformed';
  return joined(parts).subarray(4, needed);
}

/** A hello that ends beyond the bound is refused however many of its bytes have come. */
function hasRoom(parts: readonly Uint8Array[], needed: number): boolean {
  return needed + parts.length * 5 <= MAX_CLIENT_HELLO_BYTES;
}

function unfinished(bytes: Uint8Array): 'more' | 'malformed' {
  return bytes.length >= MAX_CLIENT_HELLO_BYTES ? 'malformed' : 'more';
}

/** Length of the whole message once its header is known; 4 before. */
function header(parts: readonly Uint8Array[], part: Uint8Array): number | 'malformed' {
  const start = joined([...parts, part.subarray(0, 4)]);
  if (start[0] !== undefined && start[0] !== CLIENT_HELLO) return 'malformed';
  if (start[1] !== undefined && start[1] !== 0) return 'malformed';
  const [, , high, low] = start;
  if (high === undefined || low === undefined) return 4;
  const needed = 4 + high * 256 + low;
  return needed > MAX_CLIENT_HELLO_BYTES - 5 ? 'malformed' : needed;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function readHello(bytes: Uint8Array): ClientHello | 'malformed' {
  const reader = new Reader(bytes);
  reader.skip(2 + 32); // legacy_version, random
  reader.vector(1, 0, 32); // legacy_session_id
  reader.vector(2, 2, 65_534); // cipher_suites
  reader.vector(1, 1, 255); // legacy_compression_methods
  if (reader.isMalformed) return 'malformed';
  if (reader.isAtEnd) return { serverName: '', alpnProtocols: [] }; // TLS 1.2 without extensions
  const extensions = new Reader(reader.vector(2, 0, 65_535));
  if (reader.isMalformed || !reader.isAtEnd) return 'malformed';
  return readExtensions(extensions);
}

function readExtensions(extensions: Reader): ClientHello | 'malformed' {
  const seen = new Set<number>();
  let serverName: string | null = '';
  let alpnProtocols: readonly string[] | null = [];
  while (!extensions.isAtEnd) {
    const type = extensions.uint16();
    const data = extensions.vector(2, 0, 65_535);
    if (extensions.isMalformed || seen.has(type)) return 'malformed';
    seen.add(type);
    if (type === SERVER_NAME) serverName = readServerName(data);
    else if (type === ALPN) alpnProtocols = readProtocols(data);
    if (serverName === null || alpnProtocols === null) return 'malformed';
  }
  return { serverName, alpnProtocols };
}

/** The one name of type `host_name`; null for anything else. */
function readServerName(data: Uint8Array): string | null {
  const reader = new Reader(data);
  const names = new Reader(reader.vector(2, 1, 65_535));
  const type = names.uint8();
  const name = ascii(names.vector(2, 1, 255)).toLowerCase();
  const isWhole = !reader.isMalformed && reader.isAtEnd && !names.isMalformed && names.isAtEnd;
  return isWhole && type === 0 && hostName.test(name) ? name : null;
}

/** Labels of letters, digits, `-` and `_`: the mesh's own names have underscores. */
const hostName = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

function readProtocols(data: Uint8Array): readonly string[] | null {
  const reader = new Reader(data);
  const list = new Reader(reader.vector(2, 2, 65_535));
  const protocols: string[] = [];
  while (!list.isAtEnd && !list.isMalformed) protocols.push(ascii(list.vector(1, 1, 255)));
  return reader.isMalformed || !reader.isAtEnd || list.isMalformed ? null : protocols;
}

function ascii(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Reads forward; what is missing makes it malformed, and then it reads nothing more. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  isMalformed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  skip(length: number): void {
    if (this.#bytes.length - this.#at < length) {
      this.isMalformed = true;
      this.#at = this.#bytes.length;
    } else {
      this.#at += length;
    }
  }

  uint8(): number {
    const at = this.#at;
    this.skip(1);
    return this.#bytes[at] ?? 0;
  }

  uint16(): number {
    const at = this.#at;
    this.skip(2);
    return (this.#bytes[at] ?? 0) * 256 + (this.#bytes[at + 1] ?? 0);
  }

  /** Bytes with their length before them, in one or two bytes. */
  vector(lengthBytes: 1 | 2, min: number, max: number): Uint8Array {
    const length = lengthBytes === 1 ? this.uint8() : this.uint16();
    if (length < min || length > max) this.isMalformed = true;
    const from = this.#at;
    this.skip(length);
    return this.isMalformed ? nothing : this.#bytes.subarray(from, this.#at);
  }
}

const nothing = new Uint8Array(0);
