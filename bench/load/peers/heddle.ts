import { writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { freePorts } from '../../../cli/demo/free-ports.ts';
import { answerOf, untilAnswers } from '../answer.ts';
import type { Cores } from '../cores.ts';
import type { Peer } from '../peer.ts';
import type { Stage, StageProcess } from '../stage.ts';

const name = 'heddle';
const missing = () => null;

/** What the first line of the program asks of Node when a user starts it. */
const nodeFlags = ['--max-semi-space-size=4', '--v8-pool-size=1'];

/** The service that the upstream is, or belongs to. */
const service = 'web';

/** A sidecar as a service has it for its calls, and an upstream that is not in the mesh. */
export const heddlePlain: Peer = {
  name,
  warmsUp: true,
  missing,
  async start(stage, upstreamPort) {
    await startControlPlane(stage);
    await apply(stage, workloadWithoutSidecar(upstreamPort));
    const [port, ...ownPorts] = (await freePorts(3)) as [number, number, number];
    const outbound = startSidecar(stage, 'client', ownPorts, ['--upstream', `${service}=${port}`]);
    return { port, hops: [outbound.pid], meshPort: null };
  },
};

/** The same, and the upstream with a sidecar of its own. */
export const heddleMtls: Peer = {
  name,
  warmsUp: true,
  missing,
  async start(stage, upstreamPort) {
    await startControlPlane(stage);
    const [port, ...ports] = (await freePorts(5)) as [number, number, number, number, number];
    const [inboundAdmin] = ports;
    const inbound = startSidecar(stage, service, ports.slice(0, 2), ['--port', String(upstreamPort)]);
    const outbound = startSidecar(stage, 'client', ports.slice(2), ['--upstream', `${service}=${port}`]);
    await untilAnswers(inboundAdmin, '/ready', null, stage);
    return { port, hops: [outbound.pid, inbound.pid], meshPort: await inboundPort(inboundAdmin) };
  },
};

/** Fulfils when it takes documents and sidecars. Where it lies stands in the CLI's file, for the sidecars to find. */
async function startControlPlane(stage: Stage): Promise<void> {
  const [xdsPort, apiPort, metricsPort] = (await freePorts(3)) as [number, number, number];
  const place = ['--xds-host', '127.0.0.1', '--advertise', '127.0.0.1'];
  const ports = { '--xds-port': xdsPort, '--api-port': apiPort, '--metrics-port': metricsPort };
  heddle(stage, 'others', ['control-plane', ...place, ...Object.entries(ports).flat().map(String)]);
  await untilAnswers(metricsPort, '/readyz', null, stage);
}

/** `ports`: of its admin server, and of the HTTP proxy that nobody here uses. */
function startSidecar(stage: Stage, ofService: string, ports: readonly number[], options: readonly string[]) {
  const [admin, outbound] = ports.map(String) as [string, string];
  const own = ['--service', ofService, '--name', ofService, '--admin-port', admin, '--outbound-port', outbound];
  return heddle(stage, 'proxy', ['proxy', ...own, ...options]);
}

async function apply(stage: Stage, document: string): Promise<void> {
  const file = join(stage.folder, 'documents.yaml');
  writeFileSync(file, document);
  const command = heddle(stage, 'others', ['apply', '-f', file]);
  if ((await command.exited) !== 0) throw new Error(`heddle apply: ${command.lastWords()}`);
}

function workloadWithoutSidecar(port: number): string {
  return `apiVersion: heddle.dev/v1alpha1
kind: Workload
metadata:
  name: ${service}-1
spec:
  service: ${service}
  address: 127.0.0.1
  ports:
    - port: ${port}
`;
}

/** Where a sidecar takes mutual TLS, from its admin server: `inbound|8080||::127.0.0.1:41234`. */
async function inboundPort(adminPort: number): Promise<number> {
  const { text } = await answerOf(adminPort, '/listeners');
  const port = /^inbound\|.*:(\d+)$/m.exec(text)?.[1];
  if (port === undefined) throw new Error(`the sidecar has no inbound listener: ${text}`);
  return Number(port);
}

/** `heddle` as users start it, but that all it reads and writes lies on the stage. */
function heddle(stage: Stage, where: keyof Cores, line: readonly string[]): StageProcess {
  const inherited = Object.entries(process.env).filter(([variable]) => !variable.startsWith('HEDDLE_'));
  const environment = {
    ...Object.fromEntries(inherited),
    XDG_CONFIG_HOME: join(stage.folder, 'config'),
    XDG_STATE_HOME: join(stage.folder, 'state'),
  };
  return stage.start(where, process.execPath, [...process.execArgv, ...nodeFlags, program, ...line], environment);
}

const program = join(import.meta.dirname, '..', '..', '..', 'cli', `heddle${extname(import.meta.filename)}`);
