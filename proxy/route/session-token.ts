/** What a client keeps of its session. The times are seconds since 1970, 0 for none. */
export interface SessionToken {
  /** Address and port of an endpoint, `10.0.0.7:15006`. */
  readonly address: string;
  /** However often the client comes. */
  readonly endsAt: number;
  /** Unless it comes again before. */
  readonly idlesAt: number;
}

const addressTag = 0x0a;
const endsAtTag = 0x10;
const idlesAtTag = 0x18;

/**
 * A token as a message of protobuf: `{address 1, expires 2}` is Envoy's cookie; the third field is ours, which others read over.
 * `address` is shorter than 128 bytes.
 *
 * Source: Envoy `envoy.http.stateful_session.cookie`.
 */
export function writeToken({ address, endsAt, idlesAt }: SessionToken): Buffer {
  const bytes = [addressTag, address.length, ...Buffer.from(address, 'latin1')];
  for (const [tag, time] of [
    [endsAtTag, endsAt],
    [idlesAtTag, idlesAt],
  ] as const) {
    if (time === 0) continue;
    bytes.push(tag);
    let rest = time;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  }
  return Buffer.from(bytes);
}

/** Anything that is not such a message, the whole of it, is taken for a bare address. */
export function readToken(bytes: Buffer): SessionToken {
  return readMessage(bytes) ?? { address: bytes.toString('latin1'), endsAt: 0, idlesAt: 0 };
}

function readMessage(bytes: Buffer): SessionToken | null {
  if (bytes[0] !== addressTag) return null;
  let at = 2 + (bytes[1] ?? 255);
  if (at > bytes.length) return null;
  const address = bytes.toString('latin1', 2, at);
  let endsAt = 0;
  let idlesAt = 0;
  while (at < bytes.length) {
    const tag = bytes[at];
    const end = endOfNumber(bytes, at + 1);
    if (end === 0) return null;
    let time = 0;
    for (let i = end - 1; i > at; i--) time = time * 128 + ((bytes[i] as number) & 127); // i is below the length
    if (tag === endsAtTag) endsAt = time;
    else if (tag === idlesAtTag) idlesAt = time;
    else return null;
    at = end;
  }
  return { address, endsAt, idlesAt };
}

/** Eight groups of seven bits hold every second for longer than anybody waits. */
const maxNumberLength = 8;

/** 0 where it has none in time. */
function endOfNumber(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length && at < start + maxNumberLength; at++) {
    if ((bytes[at] as number) < 128) return at + 1; // below the length
  }
  return 0;
}
