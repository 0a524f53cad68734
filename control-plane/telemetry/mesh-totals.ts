import type { ReportedSeries } from './reported-series.ts';

/** Labels of `heddle_mesh_requests_total` and its companions. */
export const meshLabelNames = [
  'reporter',
  'source_namespace',
  'source_service',
  'destination_namespace',
  'destination_service',
  'destination_version',
  'response_code',
  'response_flags',
  'connection_security_policy',
] as const;

export type MeshLabels = Readonly<Record<(typeof meshLabelNames)[number], string>>;

export interface MeshTotal {
  readonly labels: MeshLabels;
  requests: number;
  requestBytes: number;
  responseBytes: number;
  /** Of TCP; zero where requests are counted. */
  openedConnections: number;
  closedConnections: number;
}

/** Label sets; what exceeds them is counted as `other`. */
const maxTotals = 5000;

/** Requests, or TCP connections, of the whole mesh since this control plane started; they only ever grow. */
export class MeshTotals {
  readonly #totals = new Map<string, MeshTotal>();
  readonly #max: number;

  constructor(max: number = maxTotals) {
    this.#max = max;
  }

  add({ labels, counts }: ReportedSeries): void {
    const { source, destination } = labels;
    const total = this.#totalOf({
      reporter: labels.reporter,
      source_namespace: source.namespace || unknown,
      source_service: source.service || unknown,
      destination_namespace: destination.namespace || unknown,
      destination_service: destination.service || unknown,
      destination_version: destination.version || unknown,
      response_code: String(labels.responseCode),
      response_flags: labels.responseFlags,
      connection_security_policy: labels.isMutualTls ? 'mutual_tls' : 'none',
    });
    total.requests += counts.count;
    total.requestBytes += counts.requestBytes;
    total.responseBytes += counts.responseBytes;
    total.openedConnections += counts.connections?.opened ?? 0;
    total.closedConnections += counts.connections?.closed ?? 0;
  }

  all(): Iterable<MeshTotal> {
    return this.#totals.values();
  }

  #totalOf(labels: MeshLabels): MeshTotal {
    const key = Object.values(labels).join('\n');
    const known = this.#totals.get(key);
    if (known !== undefined) return known;
    const { reporter } = labels;
    if (this.#totals.size >= this.#max && labels.source_service !== other)
      return this.#totalOf({ ...others, reporter });
    const total = {
      ...{ labels, requests: 0, requestBytes: 0, responseBytes: 0 },
      openedConnections: 0,
      closedConnections: 0,
    };
    this.#totals.set(key, total);
    return total;
  }
}

const unknown = 'unknown';
const other = 'other';
const others = Object.fromEntries(meshLabelNames.map((name) => [name, other])) as unknown as MeshLabels; // all of its names
