/** UNAVAILABLE: the connection is gone. The channel tells of that, so streams need not make a noise of it. */
export const unavailable = 14;

/** INVALID_ARGUMENT, PERMISSION_DENIED, FAILED_PRECONDITION, UNAUTHENTICATED. */
const refusals: ReadonlySet<number> = new Set([3, 7, 9, 16]);

/** Whether a gRPC status means no, as against a control plane that is away: trying again helps only if something changes. */
export function isRefusal(code: number): boolean {
  return refusals.has(code);
}

/** Why there is no connection; null for other failures. grpc-js buries it in the details of a status that it makes itself. */
export function connectionFailure(details: string): string | null {
  return /Last error: (?:Error: )?(.*?)\.? Resolution note:/.exec(details)?.[1] ?? null;
}
