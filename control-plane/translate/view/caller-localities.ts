import type { CallersAt } from '../../../proto/caller-metadata.ts';
import type { Instance } from './instance.ts';
import { instanceKey } from './instance.ts';
import { compareText } from './order.ts';

/** Where something runs; empty where nobody said. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
}

/** Where clients run, and the other instances of their services: a client is taken to be where its registration says. */
export class CallerLocalities {
  #byWorkload: ReadonlyMap<string, Instance> | null = null;
  readonly #byService = new Map<string, readonly CallersAt[]>();
  readonly #instances: readonly Instance[];

  constructor(instances: readonly Instance[]) {
    this.#instances = instances;
  }

  /** null for a client that is not registered, or nowhere in particular. `workload`: `namespace/name`. */
  localityOf(workload: string): Locality | null {
    const { region = '', zone = '' } = this.#instanceOf(workload) ?? {};
    return region === '' && zone === '' ? null : { region, zone };
  }

  /** `namespace/service` of a client; empty when it belongs to none. */
  serviceOf(workload: string): string {
    const instance = this.#instanceOf(workload);
    return instance === undefined || instance.service === '' ? '' : `${instance.namespace}/${instance.service}`;
  }

  /** In order of region and zone. `service` as {@link serviceOf} gives it. */
  callersOf(service: string): readonly CallersAt[] {
    let callers = this.#byService.get(service);
    if (callers === undefined) {
      const counts = new Map<string, { readonly region: string; readonly zone: string; count: number }>();
      for (const { namespace, service: own, region, zone } of this.#instances) {
        if (service === '' || `${namespace}/${own}` !== service) continue;
        const key = JSON.stringify([region, zone]);
        const known = counts.get(key) ?? { region, zone, count: 0 };
        known.count++;
        counts.set(key, known);
      }
      callers = [...counts.values()].sort((a, b) => compareText(a.region, b.region) || compareText(a.zone, b.zone));
      this.#byService.set(service, callers);
    }
    return callers;
  }

  #instanceOf(workload: string): Instance | undefined {
    this.#byWorkload ??= new Map(this.#instances.map((instance) => [instanceKey(instance), instance]));
    return this.#byWorkload.get(workload);
  }
}

/** How far something is from a caller: in its zone, in its region, or elsewhere. */
export function distance(from: Locality, { region, zone }: Locality): 0 | 1 | 2 {
  if (region !== from.region) return 2;
  return zone === from.zone ? 0 : 1;
}
