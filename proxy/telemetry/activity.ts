import { Spell } from './spell.ts';

/** What a filter does that nobody wants to happen unseen. */
export type ActivityKind = 'fault' | 'concurrency' | 'admission';

/**
 * How often a filter did what it is there for, in one place for all routes that have the filter in common; who watches it
 * (`record/traffic-watch.ts`) tells when it begins and ends. Counting is one addition.
 */
export class Activity {
  readonly kind: ActivityKind;
  /** Where its requests go; empty for the application behind this sidecar. */
  readonly cluster: string;
  /** The document that asks for it, where that is known. */
  readonly rule: string;
  /** Milliseconds since 1970 at which it ends by itself; infinite for never. */
  readonly untilMs: number;
  count = 0;
  /** What the one who watches makes of the count. */
  readonly spell = new Spell();

  constructor(kind: ActivityKind, cluster: string, rule = '', untilMs: number = Number.POSITIVE_INFINITY) {
    this.kind = kind;
    this.cluster = cluster;
    this.rule = rule;
    this.untilMs = untilMs;
  }
}

/** All that there are, as long as a filter has them; see `keptState`. */
export type Activities = Map<string, WeakRef<Activity>>;
