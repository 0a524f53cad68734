import type { DocumentViolation } from '../model/document-violation.ts';

/**
 * Every way a call can fail: the reason that programs read, and its HTTP status.
 *
 * The words are those of the Kubernetes API, so that its clients understand them.
 * Source: k8s.io/apimachinery `pkg/apis/meta/v1/types.go`, `StatusReason`.
 */
export const failureReasons = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  Conflict: 409,
  AlreadyExists: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
} as const;
export type FailureReason = keyof typeof failureReasons;

/** One fault of a document within a {@link Status}. The fields after `message` are ours. */
export interface StatusCause {
  /** `FieldValueRequired` or `FieldValueInvalid`. */
  readonly reason: string;
  /** `spec.rules[0].timeouts.request` */
  readonly field: string;
  readonly message: string;
  readonly suggestion?: string;
  /** Place in the body that was sent. */
  readonly line?: number;
  readonly column?: number;
}

/** What the API says instead of a document: a failure, or that something was deleted. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly resourceVersion?: string };
  readonly status: 'Success' | 'Failure';
  readonly reason?: FailureReason;
  readonly message?: string;
  readonly code: number;
  readonly details?: StatusDetails;
}

export interface StatusDetails {
  readonly group?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
}

/** A call that fails for a reason its caller may know. Messages hold no paths, stacks or secrets. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly reason: FailureReason;
  readonly details: StatusDetails | null;

  constructor(reason: FailureReason, message: string, details: StatusDetails | null = null, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.details = details;
  }
}

export function failureStatus(error: ApiError): Status {
  const { reason, message, details } = error;
  const failure = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' } as const;
  return { ...failure, reason, message, code: failureReasons[reason], ...(details === null ? {} : { details }) };
}

/** 422: the document can be read, and is not right. All of its faults travel in `details.causes`. */
export function invalidDocument(violations: readonly DocumentViolation[]): ApiError {
  const [first] = violations;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  const [kind, ...name] = first?.document?.split('/') ?? [];
  const where = first?.path ? `${first.path}: ` : '';
  return new ApiError('Invalid', `${first?.document ?? 'the document'} is invalid: ${where}${first?.message}${more}`, {
    ...(kind === undefined ? {} : { kind, name: name.join('/') }),
    causes: violations.map(causeOf),
  });
}

export function causeOf({ path, message, suggestion, line, column }: DocumentViolation): StatusCause {
  return {
    reason: message.startsWith('missing field') ? 'FieldValueRequired' : 'FieldValueInvalid',
    field: path,
    message,
    ...(suggestion === null ? {} : { suggestion }),
    ...(line === null || column === null ? {} : { line, column }),
  };
}
