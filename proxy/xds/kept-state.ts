/**
 * What a filter has counted outlives it: a new route table with the same filter goes on where the old one was. `key` says
 * what "the same" is; what no table has any more is forgotten.
 */
export function keptState<State extends object>(
  known: Map<string, WeakRef<State>>,
  key: string,
  make: () => State,
): State {
  const kept = known.get(key)?.deref();
  if (kept !== undefined) return kept;
  for (const [other, reference] of known) if (reference.deref() === undefined) known.delete(other);
  const made = make();
  known.set(key, new WeakRef(made));
  return made;
}
