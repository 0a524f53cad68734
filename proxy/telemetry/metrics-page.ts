import { setImmediate as nextTurn } from 'node:timers/promises';
import { envoyMetrics } from './envoy-metrics.ts';
import { labelText, metricHeader, sample } from './exposition.ts';
import { istioMetrics } from './istio-metrics.ts';
import type { ProcessFacts } from './process-metrics.ts';
import { ProcessMetrics } from './process-metrics.ts';
import type { SeriesRegistry } from './series-registry.ts';
import { tcpMetrics } from './tcp-metrics.ts';
import type { TcpRegistry } from './tcp-registry.ts';
import type { ClusterStats, DownstreamRequests, TrafficStats } from './traffic-stats.ts';

export interface MetricsPageOptions {
  readonly registry: SeriesRegistry;
  readonly connections: TcpRegistry;
  readonly traffic: TrafficStats;
  readonly downstream: () => readonly DownstreamRequests[];
  readonly facts: ProcessFacts;
}

/** Characters that are made in one go; then requests have their turn. About 0.2 ms. */
const chunkChars = 65_536;

/** `/stats/prometheus`: Istio's, Envoy's and our own metrics of this sidecar on one page. */
export class MetricsPage {
  readonly #options: MetricsPageOptions;
  readonly #process: ProcessMetrics;

  constructor(options: MetricsPageOptions) {
    this.#options = options;
    this.#process = new ProcessMetrics(options.facts);
  }

  /** The page in pieces of some 64 kB, of which none takes long to make. */
  async *chunks(): AsyncGenerator<string, void, undefined> {
    let chunk = await this.#process.text();
    for (const piece of this.#pieces()) {
      chunk += piece;
      if (chunk.length < chunkChars) continue;
      yield chunk;
      chunk = '';
      await nextTurn();
    }
    yield chunk;
  }

  async text(): Promise<string> {
    let text = '';
    for await (const chunk of this.chunks()) text += chunk;
    return text;
  }

  close(): void {
    this.#process.close();
  }

  *#pieces(): Iterable<string> {
    const { registry, connections, traffic, downstream } = this.#options;
    const clusters = [...traffic.clusters()];
    yield droppedSeries(registry);
    yield retries(clusters);
    yield* envoyMetrics(clusters, [...traffic.listeners()], downstream());
    yield* istioMetrics([...registry.exposed()]);
    yield* tcpMetrics([...connections.all()]);
  }
}

function droppedSeries(registry: SeriesRegistry): string {
  const name = 'heddle_metrics_series_dropped_total';
  const help = 'How often requests were counted under the labels other because there were too many series.';
  return metricHeader(name, 'counter', help) + sample(name, '', registry.droppedTotal);
}

function retries(clusters: readonly ClusterStats[]): string {
  const name = 'heddle_retries_total';
  const help = 'Retries by result: sent, and of those succeeded; and refused by the retry budget.';
  let text = metricHeader(name, 'counter', help);
  for (const cluster of clusters) {
    const results = { sent: cluster.retries, succeeded: cluster.retriesSucceeded, refused: cluster.retriesRefused };
    for (const [result, value] of Object.entries(results)) {
      text += sample(name, labelText({ envoy_cluster_name: cluster.name, result }), value);
    }
  }
  return clusters.length === 0 ? '' : text;
}
