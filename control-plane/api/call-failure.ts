import type { FailureReason, Status } from './status.ts';

/** Why a call to the API did not get what it asked for, and the next thing to do. */
export interface CallFailure {
  readonly message: string;
  /** A command to run or a thing to change; shown after `Try: `. */
  readonly hint: string;
  /** What the API said; `null` when nothing of this API answered. */
  readonly status: Status | null;
}

const hints: Readonly<Record<FailureReason, string>> = {
  BadRequest: 'heddle apply --dry-run -f FILE, which says what is wrong and where',
  Unauthorized:
    'HEDDLE_TOKEN with the token of that control plane, or --context with its name in ~/.config/heddle/config.yaml',
  Forbidden: 'the admin token from ~/.config/heddle/config.yaml, at an address of the control plane itself',
  NotFound: 'heddle get --help',
  MethodNotAllowed: 'a heddle command of the same version as the control plane',
  Conflict: 'the same again, beginning with what heddle get shows now',
  AlreadyExists: 'heddle apply, which replaces what is there',
  Expired: 'the same again, from a fresh list',
  RequestEntityTooLarge: 'several smaller documents',
  UnsupportedMediaType: 'a heddle command of the same version as the control plane',
  Invalid: 'correct what is named above; nothing was changed',
  TooManyRequests: 'the same again in a moment',
  InternalError: 'the log of the control plane, which has the reason',
  ServiceUnavailable: 'the log of the control plane; it reads on and takes no writes until it is restarted',
};

/** The API answered, and it was no. */
export function refusal(status: Status): CallFailure {
  const reason = status.reason ?? 'InternalError';
  return { message: status.message ?? reason, hint: hintFor(reason, status.details?.kind), status };
}

/** `kind` as in the API's paths, `httproutes`; only some failures are about one. */
function hintFor(reason: FailureReason, kind: string | undefined): string {
  if (kind !== undefined && reason === 'NotFound') return `heddle get ${kind} -A`;
  if (kind === 'workloads' && reason === 'Conflict') return 'end its heddle run, and it is gone';
  return hints[reason];
}

const systemErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name server did not answer',
  ECONNRESET: 'the connection broke off',
  UND_ERR_SOCKET: 'the connection broke off',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
};

/** Nothing answered, or not to the end. */
export function unreachable(api: string, cause: unknown): CallFailure {
  const reason = systemErrors[codeOf(cause)] ?? (cause instanceof Error ? cause.message : String(cause));
  const hint = 'heddle control-plane, or HEDDLE_API with the address of one that runs';
  return { message: `no control plane at ${api}: ${reason}`, hint, status: null };
}

/** Something else answered. */
export function stranger(api: string, statusCode: number): CallFailure {
  const message = `${api} answers ${statusCode} and is no control plane of Heddle`;
  return { message, hint: 'HEDDLE_API with the address of a control plane', status: null };
}

function codeOf(error: unknown): string {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
}
