import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { freePorts } from '../../../cli/demo/free-ports.ts';
import { ALPN_HTTP1, serviceHost, upstreamSni } from '../../../proto/names.ts';
import { decodeIdentity } from '../../../proxy/xds/identity.ts';
import { answerOf, untilAnswers } from '../answer.ts';
import type { Cores } from '../cores.ts';
import type { Feature } from '../features/feature.ts';
import { caller, service } from '../features/feature.ts';
import type { HeddleBuild } from '../heddle-build.ts';
import { collectOnSignal } from '../loads/node-program.ts';
import type { ClientTls, Peer, Place } from '../peer.ts';
import type { Stage, StageProcess } from '../stage.ts';
import { startTlsUpstream } from '../tls-upstream.ts';
import type { Protocol } from '../upstream.ts';
import { upstreamPort } from '../upstream.ts';

export const heddleName = 'heddle';

/** Of an upstream that has more addresses, so that a feature can have them. */
const usualEndpoints = 2;

/** Of all zones. */
const region = 'bench';

/** `heddle apply` takes up to a thousand in a file. */
const documentsAtOnce = 900;

/** The build that this file belongs to. */
export const ownBuild: HeddleBuild = {
  name: heddleName,
  folder: join(import.meta.dirname, '..', '..', '..'),
  flags: [],
  environment: {},
};

/**
 * A sidecar as a service has it for its calls, and an upstream that is not in the mesh; in a chain that has a sidecar of
 * its own. The control plane runs beside them, as ever. With a feature it has the feature's name.
 */
export function heddle(
  place: Place,
  protocol: Protocol,
  workers = 1,
  build: HeddleBuild = ownBuild,
  feature: Feature | null = null,
): Peer {
  return {
    name: build.name,
    remark: null,
    warmsUp: true,
    missing: () => whyMissing(build, protocol),
    variant: (other) => (feature === null ? heddle(place, protocol, workers, other) : null),
    async start(stage, upstream) {
      await startControlPlane(stage, build);
      const target = upstreamPort(upstream, protocol);
      const [port, rateLimit, tlsPort, ...ports] = (await freePorts(7)) as [number, number, number, ...number[]];
      const concurrency = ['--concurrency', String(workers)];
      const addresses = upstream.addresses.slice(0, feature?.endpoints ?? usualEndpoints);
      const tls = feature?.asksTls ? await startTlsUpstream(stage, addresses, tlsPort) : null;
      const more = feature?.documents({ service: target, rateLimit, tls }) ?? '';
      if (feature?.asksRateLimitServer) {
        start(stage, 'others', build, ['rate-limit-server', '--listen', `127.0.0.1:${rateLimit}`]);
      }
      const calls = ['--upstream', `${feature?.host ?? service}:${target}=${port}`, ...concurrency];
      const running = { clientTls: null, collectSignal: collectOnSignal.signal };
      if (place === 'single') {
        const zones = feature?.zones ?? [];
        const workloads = addresses.map((address, index) => workload(index, address, target, protocol, zones));
        const full = Math.floor(workloads.length / documentsAtOnce) * documentsAtOnce;
        for (let from = 0; from < full; from += documentsAtOnce) {
          await apply(stage, build, workloads.slice(from, from + documentsAtOnce).join(''));
        }
        await apply(stage, build, workloads.slice(full).join('') + more);
        const own = zones.slice(0, 1).flatMap((zone) => ['--region', region, '--zone', zone]);
        const options = [...calls, ...own, ...(feature?.sidecarOptions ?? [])];
        const { pid } = startSidecar(stage, build, caller, ports.slice(0, 2), options);
        return { ...running, port, hops: [pid], meshPort: null };
      }
      if (more !== '') await apply(stage, build, more);
      const [inboundAdmin] = ports as [number, ...number[]];
      const inbound = startSidecar(stage, build, service, ports.slice(0, 2), [
        '--port',
        String(target),
        ...concurrency,
      ]);
      await untilAnswers(inboundAdmin, '/ready', null, stage);
      const meshPort = await inboundPort(inboundAdmin);
      if (place === 'inbound') {
        return { ...running, port: meshPort, clientTls: clientOf(stage, target), hops: [inbound.pid], meshPort };
      }
      const outbound = startSidecar(stage, build, caller, ports.slice(2), calls);
      return { ...running, port, hops: [outbound.pid, inbound.pid], meshPort };
    },
  };
}

function whyMissing({ folder }: HeddleBuild, protocol: Protocol): string | null {
  if (!existsSync(programOf(folder))) return `no build in ${folder}`;
  const pool = join(folder, 'proxy', 'upstream', `http2-pool${extname(import.meta.filename)}`);
  return protocol !== 'http2' || existsSync(pool) ? null : 'HTTP/2 is not supported yet';
}

/** Fulfils when it takes documents and sidecars. Where it lies stands in the CLI's file, for the sidecars to find. */
async function startControlPlane(stage: Stage, build: HeddleBuild): Promise<void> {
  const [xdsPort, apiPort, metricsPort] = (await freePorts(3)) as [number, number, number];
  const place = ['--xds-host', '127.0.0.1', '--advertise', '127.0.0.1'];
  const ports = { '--xds-port': xdsPort, '--api-port': apiPort, '--metrics-port': metricsPort };
  start(stage, 'others', build, ['control-plane', ...place, ...Object.entries(ports).flat().map(String)]);
  await untilAnswers(metricsPort, '/readyz', null, stage);
}

/** `ports`: of its admin server, and of the HTTP proxy that nobody here uses. */
function startSidecar(
  stage: Stage,
  build: HeddleBuild,
  ofService: string,
  ports: readonly number[],
  options: readonly string[],
): StageProcess {
  const [admin, outbound] = ports.map(String) as [string, string];
  const own = ['--service', ofService, '--name', ofService, '--admin-port', admin, '--outbound-port', outbound];
  return start(stage, 'proxy', build, ['proxy', ...own, ...options]);
}

async function apply(stage: Stage, build: HeddleBuild, documents: string): Promise<void> {
  const file = join(stage.folder, 'documents.yaml');
  writeFileSync(file, documents);
  const command = start(stage, 'others', build, ['apply', '-f', file]);
  if ((await command.exited) !== 0) throw new Error(`heddle apply: ${command.lastWords()}`);
}

/** One without a sidecar, in one of the zones in turn. */
function workload(index: number, address: string, port: number, protocol: Protocol, zones: readonly string[]): string {
  const zone = zones[index % zones.length];
  return `---
apiVersion: heddle.dev/v1alpha1
kind: Workload
metadata:
  name: ${service}-${index + 1}
spec:
  service: ${service}
  address: ${address}
${zone === undefined ? '' : `  locality: { region: ${region}, zone: ${zone} }\n`}  ports:
    - port: ${port}
${protocol === 'tcp' ? '      appProtocol: tcp\n' : ''}`;
}

/** Where a sidecar takes mutual TLS, from its admin server: `inbound|8080||::127.0.0.1:41234`. */
async function inboundPort(adminPort: number): Promise<number> {
  const { text } = await answerOf(adminPort, '/listeners');
  const port = /^inbound\|.*:(\d+)$/m.exec(text)?.[1];
  if (port === undefined) throw new Error(`the sidecar has no inbound listener: ${text}`);
  return Number(port);
}

/** The load as a member of the mesh: with the identity of the very sidecar that it calls, which may be a client too. */
function clientOf(stage: Stage, port: number): ClientTls {
  const stored = join(stage.folder, 'state', 'heddle', 'sidecars', 'default', service, 'identity.json');
  const identity = decodeIdentity(readFileSync(stored), Date.now());
  const rootFile = join(stage.folder, 'root.pem');
  const identityFile = join(stage.folder, 'client.pem');
  writeFileSync(rootFile, identity.trustBundlePem, { mode: 0o600 });
  writeFileSync(identityFile, identity.certificateChainPem + identity.privateKeyPem, { mode: 0o600 });
  const serverName = upstreamSni({ host: serviceHost(service, 'default'), port, subset: '' });
  return { rootFile, identityFile, serverName, alpn: ALPN_HTTP1 };
}

/** `heddle` as users start it, but that all it reads and writes lies on the stage. */
function start(stage: Stage, where: keyof Cores, build: HeddleBuild, line: readonly string[]): StageProcess {
  const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith('HEDDLE_'));
  const environment = {
    ...Object.fromEntries(inherited),
    XDG_CONFIG_HOME: join(stage.folder, 'config'),
    XDG_STATE_HOME: join(stage.folder, 'state'),
    ...build.environment,
  };
  const flags = [...process.execArgv, ...ownFlags(build.folder), ...build.flags, ...collectOnSignal.flags];
  return stage.start(where, process.execPath, [...flags, programOf(build.folder), ...line], environment);
}

function programOf(folder: string): string {
  return join(folder, 'cli', `heddle${extname(import.meta.filename)}`);
}

/** What the first line of the program asks of Node when a user starts it. */
function ownFlags(folder: string): string[] {
  const [first = ''] = readFileSync(programOf(folder), 'utf8').split('\n', 1);
  return first.split(' ').filter((word) => word.startsWith('--'));
}
