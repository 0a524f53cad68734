/** Calls back for each name that stood in the list before: which of two would count nobody should have to know. */
export function reportRepeatedNames(names: readonly string[], report: (index: number, name: string) => void): void {
  const seen = new Set<string>();
  for (const [index, name] of names.entries()) {
    if (seen.has(name)) report(index, name);
    seen.add(name);
  }
}
