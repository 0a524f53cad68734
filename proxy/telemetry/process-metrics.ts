import { readdirSync } from 'node:fs';
import type { IntervalHistogram } from 'node:perf_hooks';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Registry } from 'prom-client';

/** How often the event loop is looked at, in milliseconds; Node counts this time as part of the delay. */
const lagResolutionMs = 20;

/**
 * What the page says of the process and of the sidecar as a whole. prom-client and the watch over the event loop are
 * there from the first scrape on: a sidecar that nobody scrapes does without their memory.
 */
export interface ProcessFacts {
  readonly version: string;
  /** Expiry of certificates in use, by kind: `leaf`, `root`. */
  certificateExpiry(): Iterable<{ readonly kind: string; readonly expiresAtMs: number }>;
  /** Names and values of counters that belong to nothing else; names end in `_total`. */
  counters(): Iterable<{ readonly name: string; readonly help: string; readonly value: number }>;
  /** The same for what goes up and down. */
  gauges(): Iterable<{ readonly name: string; readonly help: string; readonly value: number }>;
  /** What other processes that belong to this one used in addition; null where there are none. */
  usage?(): ProcessUsage | null;
}

/** What a process uses of its machine. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly openDescriptors: number;
  /** How late the event loop was, 99th percentile. */
  readonly lagSeconds: number;
}

/** Made with prom-client, since nothing here is counted per request. `text` is a page in Prometheus' text format. */
export class ProcessMetrics {
  readonly #facts: ProcessFacts;
  #loaded: Promise<Registry> | null = null;
  #lag: IntervalHistogram | null = null;

  constructor(facts: ProcessFacts) {
    this.#facts = facts;
  }

  async text(): Promise<string> {
    this.#loaded ??= this.#load();
    return (await this.#loaded).metrics();
  }

  close(): void {
    this.#lag?.disable();
  }

  async #load(): Promise<Registry> {
    const { Counter, Gauge, Registry } = await import('prom-client');
    const registry = new Registry();
    const registers = [registry];
    const facts = this.#facts;
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    const counter = (name: string, help: string, read: () => number) =>
      new Counter({
        name,
        help,
        registers,
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    const startTimeSeconds = Date.now() / 1000 - process.uptime();
    const others = () => facts.usage?.() ?? null;
    counter('process_cpu_seconds_total', 'CPU time, user and system.', () => {
      return cpuSeconds() + (others()?.cpuSeconds ?? 0);
    });
    gauge('process_start_time_seconds', 'When the process started, since the epoch.', () => startTimeSeconds);
    gauge('process_resident_memory_bytes', 'Resident memory.', () => {
      return process.memoryUsage.rss() + (others()?.residentBytes ?? 0);
    });
    gauge('process_heap_bytes', 'Memory of the JavaScript heap in use.', () => {
      return process.memoryUsage().heapUsed + (others()?.heapBytes ?? 0);
    });
    gauge('process_open_fds', 'Open file descriptors.', () => {
      return openDescriptors() + (others()?.openDescriptors ?? 0);
    });
    const lag = watchLag();
    this.#lag = lag;
    gauge(
      'heddle_event_loop_lag_seconds',
      '99th percentile of how late the event loop was since the last scrape.',
      () => {
        return Math.max(takeLagSeconds(lag), others()?.lagSeconds ?? 0);
      },
    );
    new Gauge({
      name: 'heddle_build_info',
      help: 'Version of the sidecar.',
      labelNames: ['version', 'node_version'],
      registers,
    }).set({ version: facts.version, node_version: process.version }, 1);
    new Gauge({
      name: 'istio_build',
      help: 'The same for dashboards made for Istio.',
      labelNames: ['component', 'tag'],
      registers,
    }).set({ component: 'proxy', tag: facts.version }, 1);
    new Gauge({
      name: 'heddle_certificate_expiration_timestamp_seconds',
      help: 'When a certificate in use expires, since the epoch.',
      labelNames: ['kind'],
      registers,
      collect() {
        this.reset();
        for (const { kind, expiresAtMs } of facts.certificateExpiry()) this.set({ kind }, expiresAtMs / 1000);
      },
    });
    for (const { name, help } of facts.counters()) {
      counter(name, help, () => [...facts.counters()].find((each) => each.name === name)?.value ?? 0);
    }
    for (const { name, help } of facts.gauges()) {
      gauge(name, help, () => [...facts.gauges()].find((each) => each.name === name)?.value ?? 0);
    }
    return registry;
  }
}

/** Looks at the event loop from now on. */
export function watchLag(): IntervalHistogram {
  const lag = monitorEventLoopDelay({ resolution: lagResolutionMs });
  lag.enable();
  return lag;
}

/** How late the event loop was since this was last asked, 99th percentile. */
export function takeLagSeconds(lag: IntervalHistogram): number {
  const lateMs = lag.percentile(99) / 1e6 - lagResolutionMs;
  lag.reset();
  return Math.max(0, lateMs) / 1000;
}

/** Of this process since its start, user and system. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
