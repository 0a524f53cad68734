/** As much of what stands above is looked at: what a line belongs to is seldom further away. */
const maxLines = 500;
/** Of a line; longer names of fields there are not. */
const maxLength = 200;

interface Place {
  readonly name: string;
  readonly line: number;
  readonly indent: number;
}

/**
 * How a line is indented, and how the fields are that it may stand beside: `indented by 4 spaces; http (line 13) has 3 and
 * timeout (line 12) 2`. `offset` is where the line's own text begins.
 */
export function indentationInWords(text: string, offset: number): string {
  const above = text.slice(0, offset).split('\n');
  const indent = above.pop()?.length ?? 0;
  const places = placesAbove(above);
  const deeper = places.findLast((place) => place.indent > indent);
  const less = places.find((place) => place.indent < indent);
  const same = places.find((place) => place.indent === indent);
  const spaces = `indented by ${indent} ${indent === 1 ? 'space' : 'spaces'}`;
  // beside something, and wrong all the same: what is above it is a whole value
  if (same !== undefined) return `${spaces} like ${inWords(same)}, which it cannot stand beside`;
  const beside = [deeper, less].flatMap((place) =>
    place === undefined ? [] : `${inWords(place)} has ${place.indent}`,
  );
  return `${spaces} and stands beside nothing${beside.length === 0 ? '' : `: ${beside.join(', ')}`}`;
}

/** Fields that are open at the end of these lines, the innermost first. */
function placesAbove(lines: readonly string[]): readonly Place[] {
  const places: Place[] = [];
  for (let index = lines.length - 1; index >= Math.max(0, lines.length - maxLines); index--) {
    const line = lines[index] ?? '';
    if (/^(---|\.\.\.)/.test(line)) break;
    const match = /^([ -]*)([\w./-]+):(?: |$)/.exec(line.slice(0, maxLength));
    if (match === null) continue;
    const [, margin = '', name = ''] = match;
    const outermost = places.at(-1)?.indent ?? Number.POSITIVE_INFINITY;
    if (margin.length < outermost) places.push({ name, line: index + 1, indent: margin.length });
    if (margin.length === 0) break;
  }
  return places;
}

function inWords({ name, line }: Place): string {
  return `${name} (line ${line})`;
}
