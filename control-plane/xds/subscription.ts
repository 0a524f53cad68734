import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import type { GatedResource, SnapshotResource } from './resource-gate.ts';

/** The current snapshot as one client sees one type of it. */
export interface TypeView {
  find(name: string): GatedResource;
  /** For a wildcard. */
  names(): readonly string[];
}

/** What a client said of a response. */
export interface Acknowledgement {
  readonly resources: readonly SnapshotResource[];
  /** `null` for an ACK. */
  readonly error: string | null;
}

/** What a subscription wants to send. */
export interface Outgoing {
  readonly resources: readonly SnapshotResource[];
  readonly removed: readonly string[];
}

export interface NextOptions {
  /** Whether resources that are gone may be taken away now; new and changed ones go first. */
  readonly withRemovals: boolean;
  readonly nonce: string;
}

/** One resource that a client subscribes to, as status shows it. */
export interface SubscribedResource {
  readonly name: string;
  /** In the snapshot, through the gate; `null` when there is none. */
  readonly current: string | null;
  readonly fault: string | null;
  /** `null` when the client was told that there is none, `undefined` when it was told nothing. */
  readonly sent: string | null | undefined;
  readonly acknowledged: string | undefined;
}

/**
 * What one client holds of one type on one stream, and what has to be said next. Pure: it neither sends nor reads a
 * clock. At most one response is out at a time; what changes until it is answered becomes one next response.
 */
export interface Subscription<Request> {
  readonly typeUrl: ResourceTypeUrl;

  /** Takes in a request; the answer to a response that it holds, if it is one to the response that is out.
   * @throws TooManyNamesError */
  receive(request: Request): Acknowledgement | null;

  /** Whether a response waits for its answer. */
  readonly isAwaitingAnswer: boolean;

  /** Whether anything is to be sent, now or once the response that is out is answered. */
  hasMore(view: TypeView, withRemovals: boolean): boolean;

  /** What to send now, remembered as sent; `null` when there is nothing or a response is out. */
  next(view: TypeView, options: NextOptions): Outgoing | null;

  /** Sends a name once more although it has not changed. */
  resend(name: string): void;

  /** Whether an explicit subscription or the wildcard covers this name. */
  covers(name: string): boolean;

  resources(view: TypeView): Iterable<SubscribedResource>;
}

/** A client subscribes to more than one client may. */
export class TooManyNamesError extends Error {
  override readonly name = 'TooManyNamesError';
}

/** Names of one type that one stream may hold. */
export const maxNames = 10_000;
/** Characters. Our longest are cluster names with host and version. */
export const maxNameLength = 1024;

/** A response is split so that it stays below gRPC's usual bound of 4 MiB, framing included. */
export const maxResponseBytes = 3 * 1024 * 1024;

/** The legacy wildcard is the empty list, the newer one this name. */
export const wildcardName = '*';

/** @throws TooManyNamesError */
export function checkNames(names: readonly string[], held: number): void {
  if (names.length + held > maxNames) {
    throw new TooManyNamesError(`${names.length + held} names of one type, at most ${maxNames}`);
  }
  if (names.some((name) => name.length > maxNameLength)) {
    throw new TooManyNamesError(`a name longer than ${maxNameLength} characters`);
  }
}
