import { reasonHeader } from '../../proto/protected-headers.ts';
import type { Failure } from '../failure.ts';
import { failures } from '../failure.ts';
import { grpcMessage, grpcStatusOf } from '../message/grpc.ts';

/** What is known about a failure, for the answer that explains it. Empty strings are left out. */
export interface FailureContext {
  /** Who answers: the workload of this sidecar. */
  readonly answeredBy: string;
  /** The service that was asked, where known. */
  readonly service: string;
  /** The rule that led here, `HTTPRoute/default/cart rule 0 (routes/cart.yaml:12)`. */
  readonly rule: string;
  /** The cause in a few words, without secrets. */
  readonly detail: string;
  /** Command or change that helps. */
  readonly remedy: string;
  /** The caller speaks gRPC and reads statuses, not documents. */
  readonly isGrpc: boolean;
  /** Where a rule asks for another HTTP status than the failure's own. */
  readonly status?: number;
  /** The same for gRPC. */
  readonly grpcStatus?: number;
}

/** A header block and a body that say why. */
export interface LocalReply {
  readonly status: number;
  /** Header lines, each ending in CRLF. */
  readonly lines: string;
  /** `application/problem+json` (RFC 9457), ASCII only. */
  readonly body: string;
}

/**
 * The one place where a failure becomes an answer: status and Envoy's flag from the failure table, and a problem
 * document that names cause, culprit, rule and way out.
 */
export function localReply(failure: Failure, context: FailureContext): LocalReply {
  const { title } = failures[failure];
  const word = reasonWord(failure);
  if (context.isGrpc) return grpcReply(failure, context);
  const status = context.status ?? failures[failure].status;
  const problem = {
    type: `https://heddle.dev/e/${word}`,
    title,
    status,
    reason: failure,
    answered_by: context.answeredBy || undefined,
    service: context.service || undefined,
    rule: context.rule || undefined,
    detail: context.detail || undefined,
    try: context.remedy || undefined,
  };
  return {
    status,
    lines: `content-type: application/problem+json\r\n${reasonHeader}: ${word}\r\n${overloadedLine(failure)}`,
    body: `${toAscii(JSON.stringify(problem))}\n`,
  };
}

/** Envoy's flag; for the few refusals that have none, in Envoy as here, its `response_code_details`. */
function reasonWord(failure: Failure): string {
  const { flag, details } = failures[failure];
  return flag === '-' ? details : flag;
}

/** What a gRPC client makes its error of: an answer of trailers only (gRPC over HTTP2, "Trailers-Only"). */
function grpcReply(failure: Failure, context: FailureContext): LocalReply {
  const { answeredBy, service, rule, detail, remedy, grpcStatus = grpcStatusOf(failure) } = context;
  const { title } = failures[failure];
  const facts = [detail, service && `service ${service}`, rule, answeredBy && `answered by ${answeredBy}`, remedy];
  const message = grpcMessage([title, ...facts.filter((fact) => fact !== '')].join('; '));
  return {
    status: 200,
    lines: `content-type: application/grpc\r\ngrpc-status: ${grpcStatus}\r\ngrpc-message: ${message}\r\n${reasonHeader}: ${reasonWord(failure)}\r\n${overloadedLine(failure)}`,
    body: '',
  };
}

/** Tells callers that to try again elsewhere helps, and here does not (Envoy, router filter). */
function overloadedLine(failure: Failure): string {
  return failure === 'overloaded' || failure === 'upstreamOverflow' ? 'x-envoy-overloaded: true\r\n' : '';
}

/** JSON with everything beyond ASCII escaped, so that its length in characters is its length in bytes. */
function toAscii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
