import { isIP } from 'node:net';
import { pack } from '../../../proto/any.ts';
import { msToDuration } from '../../../proto/duration.ts';
import { HTTP_INSPECTOR_FILTER, TLS_INSPECTOR_FILTER } from '../../../proto/extension-names.ts';
import type { Input } from '../../../proto/load.ts';
import { DETECTED_HTTP, outboundListenerName, routeConfigurationName } from '../../../proto/names.ts';
import type { PortProtocol } from '../../model/app-protocol.ts';
import type { EffectiveTrafficPolicy } from '../../model/effective-traffic-policy.ts';
import { socketAddress } from '../parts/message-parts.ts';
import type { Service, ServicePort } from '../services/service-catalog.ts';
import type { Abilities } from '../view/abilities.ts';
import type { HttpSettings } from './http-settings.ts';
import { httpConnectionManager } from './http-settings.ts';
import type { WeightedTarget } from './tcp-proxy.ts';
import { tcpProxy } from './tcp-proxy.ts';

type Filter = Input<'envoy.config.listener.v3.Filter'>;
type ListenerFilter = Input<'envoy.config.listener.v3.ListenerFilter'>;

/** What connections to a service port carry, and where their bytes go. */
export interface ServiceListenerPlan {
  /** The host that is called: a service's, or that of one of its versions. */
  readonly host: string;
  readonly service: Service;
  readonly port: ServicePort;
  readonly protocol: PortProtocol;
  /** For bytes that are no HTTP. */
  readonly targets: readonly [WeightedTarget, ...WeightedTarget[]];
  readonly policy: EffectiveTrafficPolicy;
  readonly settings: HttpSettings;
  /** 0 waits for ever. */
  readonly detectionTimeoutMs: number;
  readonly abilities: Pick<Abilities, 'tcpHash'>;
}

/**
 * The LDS resource by which a sidecar learns whether a service port is HTTP, bytes, or to be found out connection by
 * connection. It has no socket of its own: a client's connection reaches it by the destination.
 *
 * For bytes nothing is waited for, so a server may speak first. Where the protocol has to be found out, a client that is
 * silent for too long counts as one that speaks no HTTP.
 */
export function serviceListener(plan: ServiceListenerPlan): Input<'envoy.config.listener.v3.Listener'> {
  const { host, service, port, protocol } = plan;
  const name = outboundListenerName(host, port.port);
  const listener = {
    name,
    address: socketAddress(ownAddress(service) ?? '0.0.0.0', port.port),
    traffic_direction: 'OUTBOUND',
    bind_to_port: { value: false },
  } as const;
  const http = (): Filter =>
    httpConnectionManager(name, { routeConfigurationName: routeConfigurationName(host, port.port) }, plan.settings);
  const tcp = (): Filter =>
    tcpProxy(name, plan.targets, {
      attempts: connectAttempts(plan.policy),
      isBySource: plan.abilities.tcpHash && isBalancedBySource(plan.policy),
    });
  switch (protocol) {
    case 'tcp':
      return { ...listener, filter_chains: [{ name: 'tcp', filters: [tcp()] }] };
    case 'http':
    case 'http2':
      return { ...listener, filter_chains: [{ name: 'http', filters: [http()] }] };
    case 'auto':
      return {
        ...listener,
        listener_filters: inspectors,
        listener_filters_timeout: msToDuration(plan.detectionTimeoutMs),
        continue_on_listener_filters_timeout: true,
        filter_chains: [
          {
            name: 'http',
            filter_chain_match: { transport_protocol: 'raw_buffer', application_protocols: [...DETECTED_HTTP] },
            filters: [http()],
          },
        ],
        default_filter_chain: { name: 'tcp', filters: [tcp()] },
      };
  }
}

/** The address that means this service and no other; null where it has none. */
export function ownAddress({ document }: Service): string | null {
  const address = document?.spec.clusterIP ?? '';
  return isIP(address) === 0 ? null : address; // `None` for a headless one
}

const inspectors: ListenerFilter[] = [
  {
    name: TLS_INSPECTOR_FILTER,
    typed_config: pack('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
  },
  {
    name: HTTP_INSPECTOR_FILTER,
    typed_config: pack('envoy.extensions.filters.listener.http_inspector.v3.HttpInspector', {}),
  },
];

/** Bytes have neither headers nor cookies: who sends them is all that connections can have in common. */
function isBalancedBySource({ loadBalancer: { consistentHash } }: EffectiveTrafficPolicy): boolean {
  return consistentHash?.hashOn.some(({ kind }) => kind === 'source-ip') ?? false;
}

/** A sidecar takes no more: one connection of a client must not cause many. */
const maxConnectAttempts = 16;

/** As often as a request would be tried whose connection failed. */
function connectAttempts({ retry }: EffectiveTrafficPolicy): number {
  const retries = retry.triggers.includes('connect-failure') ? retry.numRetries : 0;
  return Math.min(1 + retries, maxConnectAttempts);
}
