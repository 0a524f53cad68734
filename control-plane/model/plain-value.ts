import type { Fault, ValuePath } from './document-violation.ts';

/** Containers within containers. The deepest document of any kind has about a dozen. */
export const maxDepth = 64;

/** Keys and list items in one document, aliases expanded. The largest route Gateway API allows has about 15,000. */
export const maxValues = 50_000;

/**
 * Copies what a YAML or JSON reader made into plain objects that are safe to hand on.
 *
 * Fields that are `null` are left out, as the Kubernetes API server does, so that `filters:` with nothing behind it means
 * the same there and here. `__proto__` is refused. A value deeper than {@link maxDepth} or larger than
 * {@link maxValues} (YAML aliases can make a small text enormous, or endless) is refused as a whole.
 */
export function plainValue(value: unknown): { value: unknown; faults: readonly Fault[] } {
  const copier = new Copier();
  try {
    return { value: copier.copy(value, [], 0), faults: copier.faults };
  } catch (error) {
    if (!(error instanceof TooMuchError)) throw error;
    return { value: undefined, faults: [{ path: [], at: 'value', message: error.message, suggestion: null }] };
  }
}

class TooMuchError extends Error {}

class Copier {
  readonly faults: Fault[] = [];
  #count = 0;

  copy(value: unknown, path: ValuePath, depth: number): unknown {
    if (++this.#count > maxValues) throw new TooMuchError(`a document has at most ${maxValues} values`);
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= maxDepth) throw new TooMuchError(`a document has at most ${maxDepth} levels`);
    if (Array.isArray(value)) return value.map((item, index) => this.copy(item, [...path, index], depth + 1));
    const copy: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      if (key === '__proto__') {
        this.faults.push({
          path: [...path, key],
          at: 'key',
          message: 'a field cannot be called __proto__',
          suggestion: null,
        });
      } else if (item !== null) {
        copy[key] = this.copy(item, [...path, key], depth + 1);
      }
    }
    return copy;
  }
}
