import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ApiClient } from '../../control-plane/api/client.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import { version } from '../../proto/version.ts';
import { applyFiles } from '../apply/apply-files.ts';
import { withClient } from '../connect.ts';
import { isOnPath } from '../on-path.ts';
import { packageRoot } from '../package-root.ts';
import type { ControlPlaneReport } from '../parent-link.ts';
import { loadService } from './demo-mesh.ts';
import { LoadGenerator } from './load-generator.ts';
import type { Shop } from './shop.ts';
import { planShop } from './shop.ts';
import type { Stage } from './stage.ts';
import { serviceLines } from './story.ts';

/** Of the demo's SPIFFE ids: not the default, so that nothing of it can be taken for another mesh's. */
export const trustDomain = 'shop.local';

/** A mesh with a shop in it, up and described. */
export interface Up {
  readonly shop: Shop;
  readonly load: LoadGenerator;
  readonly controlPlane: ControlPlaneReport;
}

export interface BringUpOptions {
  /** Further flags for the control plane. */
  readonly controlPlane: readonly string[];
  /** Adds an instance that can be told to refuse connections. */
  readonly hangingUp: boolean;
  readonly callsPerSecond: number;
}

/** By the convention for sidecars off Kubernetes: the service account is the service. */
export function identityOf(service: string): string {
  return `spiffe://${trustDomain}/ns/default/sa/${service}`;
}

export function shopDocument(name: string): string {
  return join(packageRoot, 'examples', 'shop', name);
}

/** Starts control plane, services and load, and prints a line for each thing that is up. */
export async function bringUp(stage: Stage, options: BringUpOptions): Promise<Up> {
  const { mesh, style, say } = stage;
  say(`heddle ${version} — demo shop: load → web → cart (v1, v2) → db · recommend\n`);
  const [shop, controlPlane] = await Promise.all([
    planShop({ python: isOnPath('python3'), hangingUp: options.hangingUp }),
    mesh.startControlPlane(['--trust-domain', trustDomain, ...options.controlPlane]),
  ]);
  const { apiUrl, xdsAddress, metricsUrl, contextName } = controlPlane;
  say(`${style.good} control plane   ${apiUrl}   xDS ${xdsAddress}   metrics ${metricsUrl.replace('http://', '')}`);
  say(`${style.good} state and logs  ${stage.folder}`);

  const context = contextName === null ? {} : { context: contextName };
  const inUse = await withClient(
    context,
    async (client) => {
      await mesh.startShop(shop);
      const names = await registered(client, shop);
      await applyFiles(client, shopDocument('stable.yaml'), { waitMs: 10_000, say });
      return names;
    },
    stage.environment,
  );
  for (const line of serviceLines(shop, inUse, identityOf, style)) say(line);

  const load = new LoadGenerator(`http://127.0.0.1:${shop.loadPort}/`, options.callsPerSecond);
  load.start();
  await load.reached(1);
  say(`${style.good} load          ${options.callsPerSecond} calls/s   ${identityOf(loadService)}`);
  say(`\nReady in ${(performance.now() / 1000).toFixed(1)} s.\n`);
  return { shop, load, controlPlane };
}

/** Waits until callers are sent to every instance, which is once its program listens. Resolves with their names. */
async function registered(client: ApiClient, shop: Shop): Promise<ReadonlySet<string>> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { items } = await client.list(kinds.Workload, 'default');
    const names = new Set(
      items.flatMap((workload) =>
        workload.kind === 'Workload' && workload.spec.ports.length > 0 ? workload.metadata.name : [],
      ),
    );
    if (shop.instances.every(({ name }) => names.has(name)) || Date.now() > deadline) return names;
    await delay(20);
  }
}
