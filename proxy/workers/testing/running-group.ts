import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PackableName } from '../../../proto/any.ts';
import { pack } from '../../../proto/any.ts';
import type { Input } from '../../../proto/load.ts';
import { outboundListenerName } from '../../../proto/names.ts';
import { LISTENER_TYPE_URL } from '../../../proto/type-urls.ts';
import type { Stat } from '../../admin/stats-page.ts';
import type { ProxyOptions } from '../../config.ts';
import { proxyConfig } from '../../config.ts';
import type { ParsedResource } from '../../xds/parse-resource.ts';
import { parseResource } from '../../xds/parse-resource.ts';
import type { WorkerGroupOptions } from '../worker-group.ts';
import { WorkerGroup } from '../worker-group.ts';

export const routeName = 'cart.default.svc.cluster.local:80';
/** Listener and cluster of the service's port have one name. */
const clusterName = outboundListenerName('cart.default.svc.cluster.local', 80);

type Routes = Input<'envoy.config.route.v3.RouteConfiguration'>;

/** A group of real workers without a control plane: a test says what is in force. */
export class RunningGroup {
  readonly group: WorkerGroup;
  readonly log: Record<string, unknown>[] = [];
  /** What was asked for and not released. */
  readonly wanted = new Set<string>();
  readonly agents: Agent[] = [];
  port = 0;
  #server: Server | null = null;

  constructor(config: Partial<ProxyOptions> = {}, options: Partial<WorkerGroupOptions> = {}) {
    this.group = new WorkerGroup({
      config: proxyConfig({ service: 'web', stateDirectory: '/nowhere', concurrency: 2, logLevel: 'error', ...config }),
      log: (level, message, fields) => this.log.push({ level, message, ...fields }),
      logLevel: () => 'error',
      want: ({ name }) => this.wanted.add(name),
      release: ({ name }) => this.wanted.delete(name),
      ...options,
    });
  }

  /** All workers serve, and one listener leads to an application that answers with this. */
  async start(application: RequestListener): Promise<this> {
    this.#server = createServer({ keepAliveTimeout: 60_000 }, application).listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    ({ port: this.port } = await this.group.open({ kind: 'upstream', port: 0, routeName }));
    this.group.start(0);
    const { port } = this.#server.address() as AddressInfo;
    this.put('envoy.config.endpoint.v3.ClusterLoadAssignment', clusterName, {
      cluster_name: clusterName,
      endpoints: [
        {
          lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: port } } } }],
        },
      ],
    });
    this.put('envoy.config.cluster.v3.Cluster', clusterName, {
      name: clusterName,
      type: 'EDS',
      eds_cluster_config: { eds_config: { ads: {}, resource_api_version: 'V3' } },
    });
    this.putRoutes({});
    this.group.target.absent({ typeUrl: LISTENER_TYPE_URL, name: clusterName }); // all ports carry HTTP
    await this.inForce();
    return this;
  }

  /** `route` is what the only route does besides leading to the application. */
  putRoutes(route: Partial<NonNullable<NonNullable<Routes['virtual_hosts']>[number]['routes']>[number]>): void {
    this.put('envoy.config.route.v3.RouteConfiguration', routeName, {
      name: routeName,
      virtual_hosts: [
        {
          name: 'v',
          domains: ['*'],
          routes: [{ match: { prefix: '/' }, route: { cluster: clusterName }, ...route }],
        },
      ],
    });
  }

  put<Name extends PackableName>(type: Name, name: string, message: Input<Name>): void {
    this.group.target.put(resource(type, name, message));
  }

  /** All that was put before; why what was put last was refused, or null. */
  inForce(): Promise<string | null> {
    return new Promise((resolve) => this.group.target.whenInForce(resolve));
  }

  /** Keeps its connections, so that with as many as there are workers each worker has one. */
  agent(connections: number): Agent {
    const agent = new Agent({ keepAlive: true, maxSockets: connections, scheduling: 'fifo' });
    this.agents.push(agent);
    return agent;
  }

  /** Status and body of one request; rejects when the connection breaks. */
  async call(agent: Agent, path = '/'): Promise<{ status: number; text: string; headers: IncomingMessage['headers'] }> {
    const request = get({ host: '127.0.0.1', port: this.port, path, agent });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    let text = '';
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode ?? 0, text, headers: response.headers };
  }

  async stats(): Promise<Map<string, number>> {
    await this.group.refresh();
    return new Map<string, Stat[1]>(this.group.facts().stats);
  }

  async pids(): Promise<number[]> {
    const stats = await this.stats();
    return [...stats].filter(([name]) => name.endsWith('.pid')).map(([, pid]) => pid);
  }

  async close(): Promise<void> {
    for (const agent of this.agents) agent.destroy();
    await this.group.close(100);
    this.#server?.closeAllConnections();
    this.#server?.close();
  }
}

function resource<Name extends PackableName>(type: Name, name: string, message: Input<Name>): ParsedResource {
  const { type_url: typeUrl, value: bytes } = pack(type, message);
  const parsed = parseResource({ typeUrl, name, version: '1', bytes }, 'cluster.local', 0);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
}
