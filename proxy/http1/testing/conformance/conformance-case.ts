/**
 * One step of a conformance case; bytes are latin1 text. What has been received is compared as a whole, from the start of
 * the case, without the lines that every sidecar adds (`x-request-id`, `x-envoy-upstream-service-time`…).
 */
export type Step =
  | readonly ['client sends', string]
  | readonly ['client ends']
  | readonly ['client resets']
  /** All that the client has received is this. */
  | readonly ['client gets', string]
  /** What the client has received holds this. */
  | readonly ['client gets among others', string]
  /** The statuses of all answers so far, interim ones included; the rest of them is ours to word. */
  | readonly ['client is answered', ...number[]]
  /** The client's connection is closed by the proxy. */
  | readonly ['client closed']
  /** The client's connection carries another request. */
  | readonly ['client open']
  /** All that the upstream has received, over however many connections, is this. */
  | readonly ['upstream gets', string]
  | readonly ['upstream sends', string]
  | readonly ['upstream ends']
  | readonly ['upstream resets']
  /** The proxy has ended its side, towards the client or the upstream, and nothing more. */
  | readonly ['client ended']
  | readonly ['upstream ended']
  /** The newest connection to the upstream is closed by the proxy. */
  | readonly ['upstream closed']
  /** The connection to the upstream carries the next request, which comes from another client. */
  | readonly ['upstream kept']
  /** The next request gets a new connection to the upstream. */
  | readonly ['upstream not kept'];

/** Bytes in, what must happen. */
export interface ConformanceCase {
  readonly name: string;
  /** Where the rule is written. */
  readonly source: string;
  readonly steps: readonly Step[];
}

/** What an upstream answers where a case does not script it. */
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** The request is answered by the proxy, the connection closes, and no upstream sees a byte. */
export function refused(source: string, name: string, bytes: string, status: number): ConformanceCase {
  return {
    name,
    source,
    steps: [
      ['client sends', bytes],
      ['client is answered', status],
      ['client gets among others', 'x-heddle-reason: DPE\r\n'],
      ['client gets among others', 'connection: close\r\n'],
      ['client closed'],
      ['upstream gets', ''],
    ],
  };
}

/** The upstream gets exactly this, the client its answer, and both connections stay open. */
export function forwarded(source: string, name: string, bytes: string, reaches: string): ConformanceCase {
  return {
    name,
    source,
    steps: [
      ['client sends', bytes],
      ['upstream gets', reaches],
      ['client gets', OK],
      ['client open'],
      ['upstream kept'],
    ],
  };
}

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** What the upstream sends in answer to a GET, what the client gets, and whether the upstream's connection is used again. */
export function answered(
  source: string,
  name: string,
  sent: string,
  gets: string,
  use: 'upstream kept' | 'upstream not kept' = 'upstream kept',
  request: string = GET,
): ConformanceCase {
  return {
    name,
    source,
    steps: [
      ['client sends', request],
      ['upstream gets', request],
      ['upstream sends', sent],
      ['client gets', gets],
      [use],
      ['client open'],
    ],
  };
}

/** The upstream's answer is not HTTP: the client gets 502 and keeps its connection, the upstream loses its own. */
export function mistrusted(source: string, name: string, sent: string, request: string = GET): ConformanceCase {
  return {
    name,
    source,
    steps: [
      ['client sends', request],
      ['upstream gets', request],
      ['upstream sends', sent],
      ['client is answered', 502],
      ['upstream closed'],
      ['client open'],
    ],
  };
}
