import type { Cluster } from '../cluster/cluster.ts';
import type { UpstreamProtocol } from '../cluster/endpoint.ts';
import { withHost } from '../filter/host-header.ts';
import { newRequestId } from '../message/request-id.ts';
import type { OutgoingRequest, RequestHead } from '../message-head.ts';
import type { PathRewrite } from '../route/path-rewrite.ts';
import type { ForwardAction, HeaderEdit } from '../route/route.ts';
import type { DownstreamPeer } from './forward-environment.ts';

/**
 * Fills in a request as it is sent upstream: path and host as the route wants them, the route's header changes, a request
 * id where there is none, and on the inbound side who the caller is.
 *
 * `defaultHost` stands in for the host that an HTTP/1.0 client may leave out and that HTTP/1.1 requires.
 */
export function fillOutgoingRequest(
  request: OutgoingRequest,
  head: RequestHead,
  { hostRewrite }: ForwardAction<Cluster>,
  edit: HeaderEdit | null,
  pathRewrite: PathRewrite | null,
  defaultHost: string,
  peer: DownstreamPeer,
): void {
  let { block } = head;
  if (hostRewrite !== null) block = withHost(block, hostRewrite);
  else if (head.authority === '') block = withHost(block, defaultHost || 'localhost');
  if (edit !== null) block = edit.apply(block);
  const requestId = head.requestId === '' ? `x-request-id: ${newRequestId()}\r\n` : '';
  request.method = head.method;
  request.scheme = head.scheme;
  request.path = pathRewrite === null ? head.path : pathRewrite.apply(head.path);
  request.block = `${block}${requestId}${peer.clientCertLine}`;
  request.attemptBlock = '';
  request.framing = head.framing;
  request.contentLength = head.contentLength;
  request.body = head.body;
  request.isComplete = head.isComplete;
  request.upgrade = head.upgrade;
}

export function protocolTowards({ config }: Cluster, head: RequestHead): UpstreamProtocol {
  if (config.upstreamProtocol !== 'downstream') return config.upstreamProtocol;
  return head.protocol === 'HTTP/2' ? 'http2' : 'http1';
}
