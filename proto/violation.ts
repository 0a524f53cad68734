import { PatternBudget, resourceRoom } from './pattern-budget.ts';

/** One thing that is wrong, and where. */
export interface Violation {
  /** `virtual_hosts[0].routes[2].match`; '' for the resource itself. */
  readonly path: string;
  /** A clause that goes on after "path: ", such as `is required`. */
  readonly message: string;
}

/**
 * Where in a message something is. Immutable; the text is only put together when something is wrong there.
 *
 * `root.field('virtual_hosts').index(0).field('name')` is `virtual_hosts[0].name`.
 */
export class Path {
  readonly #parent: Path | null;
  readonly #step: string;

  private constructor(parent: Path | null, step: string) {
    this.#parent = parent;
    this.#step = step;
  }

  static readonly root = new Path(null, '');

  field(name: string): Path {
    return new Path(this, this === Path.root ? name : `.${name}`);
  }

  index(position: number): Path {
    return new Path(this, `[${position}]`);
  }

  /** An entry of a map. A long key is cut: it comes from outside and goes into logs. */
  key(key: string): Path {
    return new Path(this, `[${JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}…` : key)}]`);
  }

  toString(): string {
    return `${this.#parent ?? ''}${this.#step}`;
  }
}

export const root: Path = Path.root;

/** Everything that is wrong with one resource, up to a bound: the list goes into a NACK and into logs. */
export class Violations {
  static readonly #LIMIT = 100;
  /** Characters of one message: it may quote a text of megabytes. */
  static readonly #MAX_LENGTH = 1000;

  /** The room that is left for patterns in the resource. */
  readonly patterns = new PatternBudget(resourceRoom);
  readonly #found: Violation[] = [];
  #more = 0;

  add(at: Path, message: string): void {
    if (this.#found.length < Violations.#LIMIT) {
      const isLong = message.length > Violations.#MAX_LENGTH;
      const kept = isLong ? `${message.slice(0, Violations.#MAX_LENGTH)}…` : message;
      this.#found.push({ path: at.toString(), message: kept });
    } else {
      this.#more += 1;
    }
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** In the order they were found. Beyond 100 the last entry tells how many are left out. */
  list(): Violation[] {
    return this.#more === 0
      ? [...this.#found]
      : [...this.#found, { path: '', message: `has ${this.#more} more violations` }];
  }
}

/** For a NACK or a log line: `name: is required; routes[0].match: is required`. */
export function describeViolations(violations: readonly Violation[]): string {
  return violations.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ');
}
