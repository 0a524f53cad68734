import { setTimeout as delay } from 'node:timers/promises';
import { applyFiles } from '../apply/apply-files.ts';
import { withClient } from '../connect.ts';
import type { Up } from './bring-up.ts';
import { bringUp, shopDocument } from './bring-up.ts';
import type { Check } from './checks.ts';
import { checkMesh } from './checks.ts';
import { measure } from './measure.ts';
import type { Stage } from './stage.ts';

/** Everything together, on a slow machine too. */
const timeoutMs = 80_000;
/** Sidecars report every few seconds: by then the control plane must have counted all that they have. */
const settleMs = 15_000;
const callsPerSecond = 200;

/** Runs the shop for at least `calls` calls, checks what the mesh promises, and resolves with 0 when all of it held. */
export async function checkOnce(stage: Stage, calls: number): Promise<number> {
  let phase = 'starting';
  const late = delay(timeoutMs, null, { ref: false }).then(() => {
    throw new Error(`not finished within ${timeoutMs / 1000} s, while ${phase}`);
  });
  const work = async (): Promise<Check[]> => {
    const up = await bringUp(stage, { controlPlane: freePorts, hangingUp: true, callsPerSecond });
    phase = 'calling the shop';
    const split = await callShop(stage, up, calls);
    phase = 'waiting for all counts to agree';
    return settled(stage, up, calls, split);
  };
  const checks = await Promise.race([work(), late]);
  for (const { passed, sentence } of checks) stage.say(`${passed ? stage.style.good : stage.style.bad} ${sentence}`);
  const failed = checks.filter(({ passed }) => !passed).length;
  stage.say(`\nchecks: ${checks.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

const freePorts = ['--api-port', '0', '--xds-port', '0', '--metrics-port', '0', '--xds-host', '127.0.0.1'];

/** What happened to the calls from when the split was in force and one instance had hung up. */
interface DuringSplit {
  readonly cartVersions: Readonly<Record<string, number>>;
  readonly refusing: { readonly name: string; readonly answered: number };
}

async function callShop(stage: Stage, { load, shop }: Up, calls: number): Promise<DuringSplit> {
  const refusing = shop.instances.find(({ hangsUp }) => hangsUp)?.name ?? '';
  // Only one that has answered can be missed.
  while ((load.counts.byInstance[refusing] ?? 0) === 0) await load.reached(load.counts.calls + 1);
  stage.mesh.signal(refusing, 'SIGUSR2');
  const receipt = await withClient(
    {},
    (client) => applyFiles(client, shopDocument('split.yaml'), { waitMs: 10_000, say: stage.say }),
    stage.environment,
  );
  stage.say(`${stage.style.good} examples/shop/split.yaml: ${receipt}`);
  // Calls that were under way then belong to the time before.
  await load.reached(load.counts.calls + load.concurrency);
  const before = load.counts;
  await load.reached(before.calls + calls);
  await load.stop();
  const after = load.counts;
  return {
    cartVersions: increases(after.byCartVersion, before.byCartVersion),
    refusing: { name: refusing, answered: increases(after.byInstance, before.byInstance)[refusing] ?? 0 },
  };
}

function increases(after: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>) {
  return Object.fromEntries(Object.entries(after).map(([key, count]) => [key, count - (before[key] ?? 0)]));
}

/** Measures until every check passes, because reports are on their way, or until the time for that is over. */
async function settled(stage: Stage, up: Up, minimumCalls: number, during: DuringSplit): Promise<Check[]> {
  const deadline = Date.now() + settleMs;
  for (;;) {
    const measured = await measure(stage, up);
    const { cartVersions: cartVersionsDuringSplit, refusing } = during;
    const checks = checkMesh({ ...measured, minimumCalls, load: up.load.counts, cartVersionsDuringSplit, refusing });
    if (checks.every(({ passed }) => passed) || Date.now() > deadline) return checks;
    await delay(250);
  }
}
