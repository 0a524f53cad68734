import type { Cluster } from '../cluster/cluster.ts';
import type { Failure } from '../failure.ts';
import type { FilterAnswer } from '../filter/request-filter.ts';
import { grpcMessage, grpcStatusOfHttp } from '../message/grpc.ts';
import type { RequestHead } from '../message-head.ts';
import { fieldOfLimit } from '../resilience/limit-reached.ts';
import type { HeaderEdit, RedirectRouteAction, RespondAction, Route, RouteOrigin } from '../route/route.ts';
import type { FinishedExchange, ForwardEnvironment } from './forward-environment.ts';
import type { LocalReply } from './local-reply.ts';

/** What a rule asks to be answered at once: a redirect or a fixed answer, which are no failures. */
export function answerOfRule(
  action: RedirectRouteAction | RespondAction,
  { responseHeaders }: Route<Cluster>,
  head: RequestHead,
): LocalReply {
  const isRedirect = action.kind === 'redirect';
  if (!isRedirect && head.isGrpc) return grpcAnswerOf(action, responseHeaders);
  const lines = isRedirect ? `location: ${action.redirect.location(head)}\r\n` : '';
  return {
    status: action.status,
    lines: responseHeaders?.apply(lines) ?? lines,
    body: isRedirect ? '' : action.body,
  };
}

/** A call is told by trailers alone (gRPC over HTTP2, "Trailers-Only"); without an error it would wait for a message. */
function grpcAnswerOf({ status, body }: RespondAction, responseHeaders: HeaderEdit | null): LocalReply {
  const grpcStatus = grpcStatusOfHttp(status);
  const message = grpcMessage(body);
  const lines = `content-type: application/grpc\r\ngrpc-status: ${grpcStatus}\r\ngrpc-message: ${message}\r\n`;
  return { status: 200, lines: responseHeaders?.apply(lines) ?? lines, body: '' };
}

/** What a request that failed is answered: with the service that it was for, and the rule that led there. */
export function answerOfFailure(
  failure: Failure,
  detail: string,
  { cluster, head, route }: Pick<FinishedExchange, 'cluster' | 'head' | 'route'>,
  environment: ForwardEnvironment,
): LocalReply {
  const field = failure === 'upstreamOverflow' ? fieldOfLimit(detail) : '';
  const owner = field === '' ? undefined : cluster?.config.limitOrigins.find((said) => said.split(' ')[1] === field);
  const isDefault = field !== '' && owner === undefined;
  return environment.describe(failure, {
    service: cluster?.config.serviceHost || environment.routes.service || head.authority,
    rule: owner ?? (isDefault ? '' : ruleOf(route?.origin ?? null)),
    detail: isDefault ? `${detail}, the default: a BackendTrafficPolicy can raise it` : detail,
    isGrpc: head.isGrpc,
  });
}

/** What a request is answered that a filter does not let pass. */
export function answerOfFilter(
  { failure, status, grpcStatus, detail, lines, rule }: FilterAnswer,
  { head, route }: Pick<FinishedExchange, 'head' | 'route'>,
  environment: ForwardEnvironment,
): LocalReply {
  const reply = environment.describe(failure, {
    service: environment.routes.service || head.authority,
    rule: rule || ruleOf(route?.origin ?? null),
    detail,
    isGrpc: head.isGrpc,
    ...(status !== 0 && { status }),
    ...(grpcStatus >= 0 && { grpcStatus }),
  });
  return lines === '' ? reply : { ...reply, lines: reply.lines + lines };
}

/** What a rule is answered whose backends are not there, with the status that it asks for. */
export function refusalOf({ status, body }: RespondAction): FilterAnswer {
  const grpcStatus = grpcStatusOfHttp(status);
  return { kind: 'answer', failure: 'noCluster', status, grpcStatus, detail: body, lines: '', rule: '' };
}

/** Why a filter does not let a request pass, for the log. */
export function causeOf({ detail, rule }: FilterAnswer): string {
  if (detail === '' || rule === '') return detail || rule;
  return `${detail}, ${rule}`;
}

function ruleOf(origin: RouteOrigin | null): string {
  if (origin === null) return '';
  const place = origin.file === '' ? '' : ` (${origin.file}:${origin.line})`;
  return `${origin.document} rule ${origin.rule}${place}`;
}
