/**
 * Adds up the samples of one metric in a page of Prometheus' text format, of those whose labels include `labels`.
 * Enough of the format for what our own sidecars write; 0 when there is no such sample.
 */
export function sumSamples(page: string, metric: string, labels: Readonly<Record<string, string>> = {}): number {
  let sum = 0;
  for (const line of page.split('\n')) {
    const match = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
    if (match === null || match[1] !== metric) continue;
    const found = parseLabels(match[2] ?? '');
    if (Object.entries(labels).every(([name, value]) => found.get(name) === value)) sum += Number(match[3]);
  }
  return sum;
}

function parseLabels(text: string): Map<string, string> {
  const labels = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    labels.set(
      name,
      value.replaceAll(/\\(.)/g, (_escape, character) => (character === 'n' ? '\n' : character)),
    );
  }
  return labels;
}
