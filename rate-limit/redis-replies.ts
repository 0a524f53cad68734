import { Buffer } from 'node:buffer';

/** What Redis answers a command, as far as our commands are answered. */
export type RedisReply =
  /** 64 bits; rounded beyond 2^53. */
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'error'; readonly text: string };

/** A line that is longer is not of a server that we asked something. */
const MAX_LINE = 64 * 1024;

/**
 * Takes replies out of the bytes of a connection: integers, simple strings and errors, which is all that INCRBY, EXPIRE, AUTH
 * and SELECT are answered with. Throws for anything else; the connection is then of no use any more.
 *
 * Source: Redis serialization protocol, RESP2.
 */
export class RedisReplies {
  #rest = '';

  read(bytes: Buffer): RedisReply[] {
    const text = this.#rest + bytes.toString('latin1');
    const replies: RedisReply[] = [];
    let from = 0;
    for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n', from)) {
      replies.push(replyOf(text.slice(from, end)));
      from = end + 2;
    }
    this.#rest = text.slice(from);
    if (this.#rest.length > MAX_LINE) throw new Error('a reply without an end');
    return replies;
  }
}

function replyOf(line: string): RedisReply {
  const text = line.slice(1);
  switch (line[0]) {
    case ':':
      if (!/^-?\d{1,19}$/.test(text)) throw new Error('a number that is none');
      return { kind: 'number', value: Number(text) };
    case '+':
      return { kind: 'text', text };
    case '-':
      return { kind: 'error', text };
    default:
      throw new Error('a reply of a kind that was not asked for');
  }
}

/** A command with its arguments, which may hold any text. */
export function redisCommand(...words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join('')}`;
}
