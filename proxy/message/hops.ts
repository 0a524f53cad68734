import { isLoopbackAddress } from '../../proto/forbidden-addresses.ts';
import type { RequestHead } from '../message-head.ts';

/**
 * How many sidecars have led a request to what may have been a sidecar again. Taken from applications too: it counts on
 * through the ports that sidecars open for them, and whoever makes it up is answered 508 and nothing else.
 */
export const hopsHeader = 'x-heddle-hops';

/** A request that has come so far goes round in a circle. Somebody who puts one sidecar behind another needs two or three. */
export const MAX_HOPS = 8;

/** Zero for what no sidecar has written. */
export function hopsOf(value: string): number {
  return /^\d{1,3}$/.test(value) ? Number(value) : 0;
}

/**
 * The line that counts on; empty where a circle cannot go this way. One that goes through sidecars comes to a port that they
 * open for applications, and those are on loopback. Its requests have an id, since a sidecar gives one to those that have
 * none: so neither an application's own request nor one to another host is made longer by the line.
 */
export function hopsLine(
  { hops, requestId }: Pick<RequestHead, 'hops' | 'requestId'>,
  { address, isMeshed }: { readonly address: string; readonly isMeshed: boolean },
  mayBegin: boolean,
): string {
  const begins = mayBegin && requestId !== '' && !isMeshed && isLoopbackAddress(address);
  return hops > 0 || begins ? `${hopsHeader}: ${hops + 1}\r\n` : '';
}
