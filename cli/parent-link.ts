/**
 * What a process that `heddle demo` has started tells it, over Node's own channel between parent and child.
 *
 * The channel is also how a child learns that its parent is gone, however that ended: the kernel closes it.
 */
export type Report =
  | ControlPlaneReport
  | { readonly kind: 'sidecar'; readonly adminAddress: string }
  /** The process group of the program beside the sidecar. */
  | { readonly kind: 'application'; readonly pid: number };

export interface ControlPlaneReport {
  readonly kind: 'control-plane';
  readonly apiUrl: string;
  readonly xdsAddress: string;
  readonly metricsUrl: string;
  /** Of the CLI context that holds its admin token; `null` when there is none. */
  readonly contextName: string | null;
}

/** Does nothing in a process that nobody listens to. */
export function report(message: Report): void {
  // An error here means that the parent is just going away, which `parentGone` deals with.
  process.send?.(message, undefined, undefined, () => {});
}

/** Fulfils when the parent is gone; never in a process that was started without a channel. */
export function parentGone(): Promise<void> {
  return new Promise((resolve) => {
    if (process.channel) process.once('disconnect', resolve);
  });
}
