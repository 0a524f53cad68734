import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Violation } from '../../../proto/violation.ts';
import { silentLog } from '../../log.ts';
import type { RegisteredWorkload } from '../../registry/registered-workload.ts';
import { EmbeddedStore } from '../../store/embedded-store.ts';
import { EventHistory } from '../../telemetry/event-history.ts';
import type { Convergence } from '../../xds/proxy-status.ts';
import { AdminTokens, adminTokenHash, newAdminToken } from '../admin-tokens.ts';
import type { ApiOptions } from '../api-app.ts';
import { startApiServer } from '../api-server.ts';
import { ApiClient } from '../client.ts';
import type { DocumentProblem, PortStatus } from '../document-status.ts';

/** A registry that a test fills by hand. */
export class FakeRegistry {
  #workloads: readonly RegisteredWorkload[] = [];
  #revision = 0;
  readonly #listeners = new Set<() => void>();

  set(workloads: readonly RegisteredWorkload[]): void {
    this.#workloads = workloads;
    this.#revision++;
    for (const listener of this.#listeners) listener();
  }

  view() {
    return { revision: this.#revision, workloads: this.#workloads, remembered: [] };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }
}

export function registered(name: string, changes: Partial<RegisteredWorkload> = {}): RegisteredWorkload {
  return {
    name,
    namespace: 'default',
    service: 'cart',
    identity: 'spiffe://cluster.local/ns/default/sa/cart',
    labels: { app: 'cart', version: 'v1' },
    address: '127.0.0.1',
    ports: [{ port: 8080, inboundAddress: '127.0.0.1', inboundPort: 18080, protocol: 'http' }],
    adminAddress: '127.0.0.1:15000',
    region: '',
    zone: '',
    heddleVersion: '0.1.0',
    registeredAtMs: 0,
    ...changes,
  };
}

export const allInForce: Convergence = {
  revision: 1,
  translated: true,
  affected: 2,
  inForce: 2,
  pending: [],
  rejected: [],
  slowestMs: 9,
};

/** A real server on a free port, with a real store in a directory of its own and the rest played. */
export async function startApi(overrides: Partial<ApiOptions> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-api-'));
  const store = await EmbeddedStore.open(join(directory, 'store'), { maxHistory: 4 });
  const registry = new FakeRegistry();
  const token = newAdminToken();
  /** What translation would find; tests write into these. */
  const warnings: Violation[] = [];
  const problems: DocumentProblem[] = [];
  const servicePorts: PortStatus[] = [];
  const server = await startApiServer({
    host: '127.0.0.1',
    port: 0,
    store,
    registry,
    lookup: { trustDomain: 'cluster.local', serviceNames: () => ['cart', 'cart-v1'], problems: () => warnings },
    proxies: { list: () => [], convergence: async (revision) => ({ ...allInForce, revision }) },
    telemetry: { stat: () => [], edges: () => [], events: new EventHistory() },
    adminTokens: new AdminTokens([adminTokenHash(token)]),
    mintToken: async () => 'a.join.token',
    log: silentLog,
    problems: () => problems,
    servicePorts: () => servicePorts,
    describeService: () => null,
    certificates: () => [],
    controlPlaneMetrics: () => null,
    now: () => Date.UTC(2026, 0, 1),
    ...overrides,
  });
  const client = new ApiClient({ api: server.url, token });
  return {
    url: server.url,
    store,
    registry,
    token,
    client,
    warnings,
    problems,
    servicePorts,
    server,
    async stop(): Promise<void> {
      await client.close();
      await server.close();
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

export type TestApi = Awaited<ReturnType<typeof startApi>>;

/** A route of the service `name`, as a user would write it. */
export function routeDocument(name: string, changes: { weight?: unknown; spec?: object; metadata?: object } = {}) {
  const backend = { name: 'cart-v1', port: 80, weight: changes.weight ?? 1 };
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, ...changes.metadata },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'cart' }],
      rules: [{ backendRefs: [backend] }],
      ...changes.spec,
    },
  };
}
