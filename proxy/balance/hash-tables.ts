import type { BuildPicker, Candidate } from './balancer.ts';
import type { HashTable, TableMember, TablePlan, TableSteps } from './hash-table.ts';
import { buildTable, membersOf, TablePicker } from './hash-table.ts';

/** A table of so many places is built at once: that takes less than two milliseconds. */
const MAX_PLACES_AT_ONCE = 8192;

interface KnownTable {
  readonly plan: string;
  readonly table: HashTable;
}

interface Waiting {
  readonly picker: TablePicker<Candidate>;
  readonly plan: TablePlan;
  readonly members: readonly TableMember[];
}

/**
 * The tables of one cluster. One that is known is used again, whatever else has changed. A large one is built step by step
 * beside the traffic, one at a time, and until it is whole its picker goes by the one that knows the most of its candidates;
 * where none knows any, which is when a cluster gets its first endpoints, it is built at once.
 *
 * A change in the middle of a build lets it come to its end, so that changes in a row do not keep new endpoints waiting for ever;
 * of those that wait only the last is built after it.
 */
export class HashTables {
  readonly #later: (run: () => void) => void;
  #known: KnownTable[] = [];
  #used = new Set<KnownTable>();
  #waiting: Waiting[] = [];
  #running: { readonly plan: TablePlan; readonly steps: TableSteps } | null = null;

  /** `later` calls back when others have had their turn. */
  constructor(later: (run: () => void) => void = (run) => void setImmediate(run)) {
    this.#later = later;
  }

  /** Tables that are kept; for tests. */
  get size(): number {
    return this.#known.length;
  }

  /** Publishes anew: `build` makes its pickers, which take the place of those before. What none of them uses is forgotten. */
  publish<Published>(build: () => Published): Published {
    this.#waiting = [];
    this.#used = new Set();
    const published = build();
    this.#known = this.#known.filter((known) => this.#used.has(known));
    this.#start();
    return published;
  }

  /** For use within `publish`. */
  balancer(plan: TablePlan): BuildPicker {
    return (candidates, random) => {
      const members = membersOf(candidates);
      const known = this.#known.find(({ plan: name, table }) => name === plan.name && isSame(table.members, members));
      if (known !== undefined) {
        this.#used.add(known);
        return new TablePicker(candidates, known.table, random);
      }
      const near = plan.placesFor(members) > MAX_PLACES_AT_ONCE ? this.#nearest(plan, members) : null;
      if (near === null) return new TablePicker(candidates, this.#keep(plan, buildTable(plan, members)), random);
      this.#used.add(near);
      const picker = new TablePicker(candidates, near.table, random);
      // a table is chosen by what all candidates have
      this.#waiting.push({ picker: picker as unknown as TablePicker<Candidate>, plan, members });
      return picker;
    };
  }

  #keep(plan: TablePlan, table: HashTable): HashTable {
    const known = { plan: plan.name, table };
    this.#known.push(known);
    this.#used.add(known);
    return table;
  }

  #nearest(plan: TablePlan, members: readonly TableMember[]): KnownTable | null {
    const keys = new Set(members.map(({ key }) => key));
    let nearest: KnownTable | null = null;
    let most = 0;
    for (const known of this.#known) {
      if (known.plan !== plan.name) continue;
      const present = known.table.members.filter(({ key }) => keys.has(key)).length;
      if (present <= most) continue;
      nearest = known;
      most = present;
    }
    return nearest;
  }

  #start(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#running !== null) return;
    this.#running = { plan: next.plan, steps: next.plan.steps(next.members) };
    this.#later(() => this.#step());
  }

  #step(): void {
    if (this.#running === null) return;
    const { plan, steps } = this.#running;
    const { done, value: table } = steps.next();
    if (done !== true) {
      this.#later(() => this.#step());
      return;
    }
    this.#running = null;
    this.#keep(plan, table);
    this.#waiting = this.#waiting.filter(({ picker, plan: { name }, members }) => {
      if (name !== plan.name) return true;
      const isWhole = isSame(table.members, members);
      if (isWhole || presentIn(table, members) > picker.present) picker.use(table);
      return !isWhole;
    });
    this.#start();
  }
}

function presentIn(table: HashTable, members: readonly TableMember[]): number {
  const keys = new Set(members.map(({ key }) => key));
  return table.members.filter(({ key }) => keys.has(key)).length;
}

function isSame(a: readonly TableMember[], b: readonly TableMember[]): boolean {
  return a.length === b.length && a.every(({ key, weight }, i) => key === b[i]?.key && weight === b[i]?.weight);
}
