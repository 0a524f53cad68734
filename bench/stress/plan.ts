/** Who breaks an exchange off, and when. `whole` must succeed; what the others look like is known beforehand too. */
export const endings = [
  'whole',
  'client-in-request',
  'client-in-response',
  'upstream-before-head',
  'upstream-in-response',
  'upstream-in-request',
] as const;
export type Ending = (typeof endings)[number];

/** One exchange, decided by the client and told to the upstream in the path, so that each knows what the other does. */
export interface Plan {
  readonly ending: Ending;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Where the bodies begin in `pattern`. */
  readonly seed: number;
  readonly isRequestChunked: boolean;
  readonly isResponseChunked: boolean;
  /** Bytes of the body in question after which it is broken off. */
  readonly cutAfter: number;
  /** With a reset instead of an orderly end. */
  readonly isReset: boolean;
}

/** Sizes from nothing to a megabyte, most of them small: every order of magnitude is as likely as the next. */
export function drawPlan(random: () => number, brokenShare: number): Plan {
  const ending = random() < brokenShare ? endings[1 + Math.floor(random() * (endings.length - 1))] : 'whole';
  const size = () => Math.floor(10 ** (random() * 6.02)) - 1;
  const requestBytes = size();
  // An answer without a body is whole with its head. What is broken off after that is an idle connection, and whoever
  // takes it for the next request just then is in for a fair 503.
  const responseBytes = ending === 'upstream-in-response' ? Math.max(1, size()) : size();
  const cutIn = ending?.endsWith('in-request') ? requestBytes : responseBytes;
  return {
    ending: ending ?? 'whole',
    requestBytes,
    responseBytes,
    seed: Math.floor(random() * pattern.length),
    isRequestChunked: random() < 0.3,
    isResponseChunked: random() < 0.3,
    cutAfter: Math.floor(random() * cutIn),
    isReset: random() < 0.5,
  };
}

export function planPath(plan: Plan): string {
  return `/?plan=${encodeURIComponent(JSON.stringify(plan))}`;
}

/** Of a path that `planPath` has made. */
export function planOf(path: string): Plan {
  return JSON.parse(new URL(path, 'http://stress').searchParams.get('plan') ?? '') as Plan;
}

/**
 * What bodies are cut from, again and again: random, so that no piece equals another, and of a prime length, so that no
 * buffer size divides it. Comparing every byte with it finds what is lost, doubled or from somebody else's body.
 */
export const pattern = makePattern(65_521);

function makePattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 0x9e3779b9;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** `length` bytes of a body from `from` on. */
export function bodyPart(seed: number, from: number, length: number): Buffer {
  const part = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const at = (seed + from + done) % pattern.length;
    done += pattern.copy(part, done, at, Math.min(pattern.length, at + length - done));
  }
  return part;
}

/** Compares a body, as it arrives, with what it has to be. */
export class BodyCheck {
  readonly #seed: number;
  bytes = 0;
  isRight = true;

  constructor(seed: number) {
    this.#seed = seed;
  }

  take(chunk: Buffer): void {
    if (this.isRight) this.isRight = bodyPart(this.#seed, this.bytes, chunk.length).equals(chunk);
    this.bytes += chunk.length;
  }
}
