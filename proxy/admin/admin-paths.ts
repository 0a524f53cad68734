import { hostAndPort } from '../../proto/host-and-port.ts';
import { version } from '../../proto/version.ts';
import type { LogLevel, LogWriter } from '../log.ts';
import { logLevels } from '../log.ts';
import type { AdminPath, AdminResponse } from './admin-server.ts';
import { json, text } from './admin-server.ts';
import type { CertificateStatus } from './certs-page.ts';
import { certsPage } from './certs-page.ts';
import type { ClusterStatus } from './clusters-page.ts';
import { clustersPage } from './clusters-page.ts';
import type { ConfigDump } from './config-dump-page.ts';
import { configDumpPage } from './config-dump-page.ts';
import type { Stat } from './stats-page.ts';
import { statsPage } from './stats-page.ts';

export interface ListenerStatus {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** What the admin server shows and sets going; each is asked anew for each request. */
export interface AdminSources {
  /** Null when the sidecar serves, otherwise what it waits for. */
  readonly notReadyReason: () => string | null;
  readonly isDraining: () => boolean;
  /** Prometheus text exposition format. */
  readonly prometheus: () => string | Promise<string>;
  readonly stats: () => Iterable<Stat> | Promise<Iterable<Stat>>;
  readonly configDump: () => ConfigDump;
  readonly clusters: () => readonly ClusterStatus[] | Promise<readonly ClusterStatus[]>;
  readonly listeners: () => readonly ListenerStatus[];
  readonly certificates: () => CertificateStatus;
  readonly log: LogWriter;
  /** Takes the sidecar out of use while its listeners still answer. Answers at once; draining goes on. */
  readonly drain: () => void;
  /** Ends the process, after the answer is on its way. */
  readonly quit: () => void;
  readonly startedAtMs: number;
  readonly now: () => number;
}

/** Source: Envoy admin interface; `/healthz/ready` as in Istio. */
export function adminPaths(sources: AdminSources): AdminPath[] {
  const get = (path: string, help: string, answer: AdminPath['answer']): AdminPath => ({
    path,
    method: 'GET',
    help,
    answer,
  });
  const post = (path: string, help: string, answer: AdminPath['answer']): AdminPath => ({
    path,
    method: 'POST',
    help,
    answer,
  });
  const ready = () => readyPage(sources);
  return [
    get('/ready', '200 when the sidecar serves, otherwise 503 and why', ready),
    get('/healthz/ready', 'as /ready', ready),
    get('/stats', 'counters and gauges; ?filter=TEXT, ?usedonly, ?format=json|prometheus', async (query) =>
      query.get('format') === 'prometheus' ? prometheusPage(sources) : statsPage(await sources.stats(), query),
    ),
    get('/stats/prometheus', 'all metrics in the format of Prometheus', () => prometheusPage(sources)),
    get('/config_dump', 'configuration in force, warming and refused; ?include_eds, ?resource=LIST', (query) =>
      configDumpPage(sources.configDump(), query),
    ),
    get('/clusters', 'destinations with their endpoints; ?format=json', async (query) =>
      clustersPage(await sources.clusters(), query),
    ),
    get('/listeners', 'listeners with their addresses; ?format=json', (query) =>
      listenersPage(sources.listeners(), query),
    ),
    get('/certs', 'own certificate and trusted roots', () => certsPage(sources.certificates(), sources.now())),
    get('/server_info', 'version, state and uptime', () => serverInfoPage(sources)),
    post('/logging', 'show the log level, or change it: ?level=LEVEL', (query) => loggingPage(sources.log, query)),
    post('/drain_listeners', 'take the sidecar out of use', () => {
      sources.drain();
      return text(200, 'OK\n');
    }),
    post('/quitquitquit', 'end the process', () => {
      setImmediate(sources.quit);
      return text(200, 'OK\n');
    }),
  ];
}

function readyPage(sources: AdminSources): AdminResponse {
  if (sources.isDraining()) return text(503, 'DRAINING\n');
  const reason = sources.notReadyReason();
  return reason === null ? text(200, 'LIVE\n') : text(503, `INITIALIZING\n${reason}\n`);
}

async function prometheusPage(sources: AdminSources): Promise<AdminResponse> {
  return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: await sources.prometheus() };
}

function listenersPage(listeners: readonly ListenerStatus[], query: URLSearchParams): AdminResponse {
  if (query.get('format') === 'json') {
    return json({
      listener_statuses: listeners.map(({ name, address, port }) => ({
        name,
        local_address: { socket_address: { address, port_value: port } },
      })),
    });
  }
  return text(200, listeners.map(({ name, address, port }) => `${name}::${hostAndPort(address, port)}\n`).join(''));
}

function serverInfoPage(sources: AdminSources): AdminResponse {
  const uptime = `${Math.floor((sources.now() - sources.startedAtMs) / 1_000)}s`;
  const serving = sources.notReadyReason() === null ? 'LIVE' : 'INITIALIZING';
  return json({
    version: `heddle/${version}/node-${process.version}`,
    state: sources.isDraining() ? 'DRAINING' : serving,
    uptime_current_epoch: uptime,
    uptime_all_epochs: uptime,
    hot_restart_version: 'disabled',
    node: sources.configDump().node,
  });
}

function loggingPage(log: LogWriter, query: URLSearchParams): AdminResponse {
  const level = query.get('level');
  if (level !== null && !isLogLevel(level)) {
    return text(400, `no such level: ${level.slice(0, 100)}; there are ${logLevels.join(', ')}\n`);
  }
  if (level !== null) log.level = level;
  return text(200, `active loggers:\n  heddle: ${log.level}\n`);
}

function isLogLevel(level: string): level is LogLevel {
  return (logLevels as readonly string[]).includes(level);
}
