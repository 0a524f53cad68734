import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ResourceTypeUrl } from '../proto/type-urls.ts';
import type { AdsObserver } from './xds/ads-server.ts';

/** What is read at each scrape. */
export interface MeasuredControlPlane {
  connectedProxies(): number;
  storeRevision(): number;
  storeFailed(): boolean;
  registeredWorkloads(): number;
  heldLeases(): number;
  certificatesIssued(): number;
  connections(): { readonly open: number; readonly refused: number };
  /** In milliseconds since the epoch. */
  expirations(): { readonly rootMs: number; readonly issuerMs: number; readonly leafMs: number };
}

/** Of Node's own metrics, those whose names promtool would not let pass: gauges that end like counters. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** The control plane's own metrics; names as in Prometheus' best practices. */
export class ControlPlaneMetrics {
  /** Other parts add their own metrics here. */
  readonly registry = new Registry();
  readonly #pushSeconds: Histogram;
  readonly #convergenceSeconds: Histogram;
  readonly #pushes: Counter<'type'>;
  readonly #rejects: Counter<'type'>;
  readonly #configBytes: Histogram<'type'>;

  constructor(measured: MeasuredControlPlane, version: string) {
    const registers = [this.registry];
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    };
    gauge('heddle_cp_connected_proxies', 'Proxies with an ADS stream.', () => measured.connectedProxies());
    gauge('heddle_cp_store_revision', 'Revision of the latest acknowledged write.', () => measured.storeRevision());
    gauge('heddle_cp_store_failed', '1 when the store takes no writes any more.', () => Number(measured.storeFailed()));
    gauge('heddle_cp_workloads', 'Workloads with a lease.', () => measured.registeredWorkloads());
    gauge('heddle_cp_leases_held', 'Leases kept past their time because too many would end at once.', () =>
      measured.heldLeases(),
    );
    gauge('heddle_cp_connections', 'Open connections on the xDS port.', () => measured.connections().open);
    // One control plane alone always leads; with replicas this tells which one writes.
    gauge('heddle_cp_leader', '1 on the replica that holds the lead.', () => 1);
    counted(
      registers,
      'heddle_cp_connections_refused_total',
      'Connections refused for their certificate or handshake.',
      () => measured.connections().refused,
    );
    counted(registers, 'heddle_cp_certificates_issued_total', 'Leaf certificates issued.', () =>
      measured.certificatesIssued(),
    );
    new Gauge({
      name: 'heddle_certificate_expiration_timestamp_seconds',
      help: 'When the certificates of the authority and of this server end.',
      labelNames: ['kind'],
      registers,
      collect() {
        const { rootMs, issuerMs, leafMs } = measured.expirations();
        this.set({ kind: 'root' }, rootMs / 1000);
        this.set({ kind: 'issuer' }, issuerMs / 1000);
        this.set({ kind: 'leaf' }, leafMs / 1000);
      },
    });
    new Gauge({ name: 'heddle_build_info', help: 'Version of Heddle.', labelNames: ['version'], registers }).set(
      { version },
      1,
    );
    const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    this.#pushSeconds = new Histogram({
      name: 'heddle_cp_push_seconds',
      help: 'Time to work out what one proxy has to be sent after a change.',
      buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1],
      registers,
    });
    this.#convergenceSeconds = new Histogram({
      name: 'heddle_cp_convergence_seconds',
      help: 'Time from a change to its being in force in one proxy.',
      buckets,
      registers,
    });
    const labelNames = ['type'] as const;
    this.#pushes = new Counter({
      name: 'heddle_cp_pushes_total',
      help: 'Responses sent, by resource type.',
      labelNames,
      registers,
    });
    this.#rejects = new Counter({
      name: 'heddle_cp_rejects_total',
      help: 'Responses that a proxy rejected, by resource type.',
      labelNames,
      registers,
    });
    this.#configBytes = new Histogram({
      name: 'heddle_cp_config_bytes',
      help: 'Size of the resources in one response, by resource type.',
      labelNames,
      buckets: [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304],
      registers,
    });
    collectDefaultMetrics({ register: this.registry });
    for (const name of misnamed) {
      this.registry.removeSingleMetric(name);
    }
  }

  /** For the ADS server. */
  get observer(): AdsObserver {
    return {
      sent: (typeUrl, bytes) => {
        this.#pushes.inc({ type: shortName(typeUrl) });
        this.#configBytes.observe({ type: shortName(typeUrl) }, bytes);
      },
      rejected: (typeUrl) => this.#rejects.inc({ type: shortName(typeUrl) }),
      pushed: (ms) => this.#pushSeconds.observe(ms / 1000),
    };
  }

  converged(ms: number): void {
    this.#convergenceSeconds.observe(ms / 1000);
  }

  /** Prometheus' text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }
}

/** A counter whose truth lies elsewhere. */
function counted(registers: Registry[], name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers,
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

/** `Cluster`, `RouteConfiguration` … */
function shortName(typeUrl: ResourceTypeUrl): string {
  return typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}
