import type { Cluster } from '../cluster/cluster.ts';
import type { HttpSettings } from '../message/http-settings.ts';
import type { RequestHead } from '../message-head.ts';
import type { Route } from '../route/route.ts';

/**
 * Whether a request that asks for another protocol may go on. One for a protocol that nobody knows here goes on as an ordinary
 * one, which is what a server that ignores `Upgrade` makes of it (RFC 9110 section 7.8).
 */
export function mayUpgrade(head: RequestHead, { action }: Route<Cluster>, { upgrades }: HttpSettings): boolean {
  const ofRoute = action.kind === 'forward' ? action.upgrades?.get(head.upgrade) : undefined;
  if (ofRoute ?? upgrades.has(head.upgrade)) return true;
  if (head.upgrade === 'websocket' || head.protocol === 'HTTP/2') return false;
  head.upgrade = '';
  return true;
}
