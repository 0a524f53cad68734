import { randomUUID } from 'node:crypto';
import type { Cluster } from './cluster/cluster.ts';
import type { DownstreamPeer } from './forward-environment.ts';
import type { RequestHead } from './message-head.ts';
import type { ForwardAction, HeaderEdit } from './route/route.ts';

/**
 * A request head as it is sent upstream, without the empty line that ends it: path and host as the route wants them,
 * the route's header changes, a request id where there is none, and on the inbound side who the caller is.
 *
 * `defaultHost` stands in for the host that an HTTP/1.0 client may leave out and that HTTP/1.1 requires.
 */
export function upstreamHead(
  head: RequestHead,
  action: ForwardAction<Cluster>,
  edit: HeaderEdit | null,
  defaultHost: string,
  peer: DownstreamPeer,
): string {
  const path = action.pathRewrite === null ? head.path : action.pathRewrite.apply(head.path);
  let block = head.block;
  if (action.hostRewrite !== null) block = withHost(block, action.hostRewrite);
  else if (head.authority === '') block = withHost(block, defaultHost || 'localhost');
  if (edit !== null) block = edit.apply(block);
  const requestId = head.requestId === '' ? `x-request-id: ${randomUUID()}\r\n` : '';
  return `${head.method} ${path} HTTP/1.1\r\n${block}${requestId}${peer.clientCertLine}`;
}

function withHost(block: string, host: string): string {
  return `host: ${host}\r\n${block.replace(/(^|\r\n)host:[^\r]*\r\n/i, '$1')}`;
}
