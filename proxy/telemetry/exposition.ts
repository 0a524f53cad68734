/**
 * Type of a metric. Envoy's counters do not end in `_total` and one of its gauges does, which Prometheus' own linter
 * faults; such metrics go without a type, which changes nothing for those who query them.
 */
export type MetricType = 'counter' | 'gauge' | 'histogram' | 'untyped';

/** The two lines before the samples of a metric, which must all follow. */
export function metricHeader(name: string, type: MetricType, help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** `a="1",b="2"`, without braces, so that more labels can follow. */
export function labelText(labels: Readonly<Record<string, string | number>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(String(value))}"`)
    .join(',');
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value)
    ? value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
    : value;
}

export function sample(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`;
}
