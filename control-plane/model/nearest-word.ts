/**
 * The candidate a user most probably meant, or `null` when none is close.
 *
 * Distance is optimal string alignment (Levenshtein plus swapped neighbours, so that `wieght` is one step from `weight`),
 * compared without regard to case. At most a third of the word's letters may differ, at least one and at most three:
 * a suggestion that is wrong costs the reader more than none. A word of three letters or more that a candidate begins
 * with (`match` for `matches`) is one step from it, and so is a plural (`retries` for `retry`).
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | null {
  if (word.length > maxWordLength) return null;
  const allowed = Math.min(3, Math.max(1, Math.floor(word.length / 3)));
  let nearest: string | null = null;
  let nearestDistance = allowed + 1;
  for (const candidate of candidates) {
    const distance = distanceTo(candidate, word, nearestDistance);
    if (distance < nearestDistance) {
      nearest = candidate;
      nearestDistance = distance;
    }
  }
  return nearest;
}

/** Longer words are not field names; the bound keeps the quadratic comparison harmless for hostile input. */
const maxWordLength = 64;

function distanceTo(candidate: string, word: string, limit: number): number {
  const [a, b] = [word.toLowerCase(), candidate.toLowerCase()];
  if (a.length >= 3 && b.startsWith(a)) return a === b ? 0 : 1;
  if (singular(a) === singular(b)) return 1;
  return Math.abs(a.length - b.length) >= limit ? limit : alignmentDistance(a, b);
}

/** Of English words, roughly. */
function singular(word: string): string {
  return word.replace(/ies$/, 'y').replace(/s$/, '');
}

function alignmentDistance(a: string, b: string): number {
  let twoBack: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) best = Math.min(best, at(twoBack, column - 2) + 1);
      current.push(best);
    }
    twoBack = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
