import type { Cluster } from '../cluster/cluster.ts';
import type { UpstreamProtocol } from '../cluster/endpoint.ts';
import { withHost } from '../filter/host-header.ts';
import { isAuthority } from '../message/authority.ts';
import { newRequestId } from '../message/request-id.ts';
import type { OutgoingRequest, RequestHead } from '../message-head.ts';
import { headerValue } from '../message-head.ts';
import type { RequestPathRewrite, RequestRefusal } from '../route/path-rewrite.ts';
import type { ForwardAction, HeaderEdit } from '../route/route.ts';
import type { DownstreamPeer } from './forward-environment.ts';

/**
 * Fills in a request as it is sent upstream: path and host as the route wants them, the route's header changes, a request
 * id where there is none, and on the inbound side who the caller is.
 *
 * `defaultHost` stands in for the host that an HTTP/1.0 client may leave out and that HTTP/1.1 requires.
 *
 * Null, or why the route makes nothing of the request that could be sent.
 */
export function fillOutgoingRequest(
  request: OutgoingRequest,
  head: RequestHead,
  { hostRewrite, hostHeader }: ForwardAction<Cluster>,
  edit: HeaderEdit | null,
  pathRewrite: RequestPathRewrite | null,
  defaultHost: string,
  peer: DownstreamPeer,
): RequestRefusal | null {
  let { block } = head;
  if (hostRewrite !== null) block = withHost(block, hostRewrite);
  else if (head.authority === '') block = withHost(block, defaultHost || 'localhost');
  if (edit !== null) block = edit.apply(block);
  if (hostHeader !== null) {
    const host = headerValue(block, hostHeader) ?? '';
    if (host !== '' && !isAuthority(host)) return noHost(hostHeader);
    if (host !== '') block = withHost(block, host);
  }
  if (pathRewrite === null) request.path = head.path;
  else {
    const path = pathRewrite.apply(head.path);
    if (typeof path !== 'string') return path;
    request.path = path;
  }
  const requestId = head.requestId === '' ? `x-request-id: ${newRequestId()}\r\n` : '';
  request.method = head.method;
  request.scheme = head.scheme;
  request.block = `${block}${requestId}${peer.clientCertLine}`;
  request.attemptBlock = '';
  request.framing = head.framing;
  request.contentLength = head.contentLength;
  request.body = head.body;
  request.isComplete = head.isComplete;
  request.upgrade = head.upgrade;
  return null;
}

function noHost(header: string): RequestRefusal {
  return { failure: 'badRequest', detail: `the rule takes the host from the header ${header}, which holds none` };
}

export function protocolTowards({ config }: Cluster, head: RequestHead): UpstreamProtocol {
  if (config.upstreamProtocol !== 'downstream') return config.upstreamProtocol;
  return head.protocol === 'HTTP/2' ? 'http2' : 'http1';
}
