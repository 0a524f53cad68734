import { join } from 'node:path';
import { readCertificate } from '../certs/certificate.ts';
import { fromPem } from '../certs/pem.ts';
import { rootFingerprint } from '../certs/trust-bundle.ts';
import { hostAndPort } from '../proto/host-and-port.ts';
import { serviceDefinition } from '../proto/load.ts';
import { version } from '../proto/version.ts';
import { openAdminAccess } from './admin-access.ts';
import type { ApiServer } from './api/api-server.ts';
import { startApiServer } from './api/api-server.ts';
import type { CertificateInfo } from './api/certificate-routes.ts';
import { CertificateAuthority } from './ca/certificate-authority.ts';
import { HostToken } from './ca/host-token.ts';
import { identityService } from './ca/identity-service.ts';
import { ServerCertificate } from './ca/server-certificate.ts';
import { TokenBuckets } from './ca/token-buckets.ts';
import { JoinTokens } from './ca/tokens.ts';
import type { ControlPlaneConfig } from './config.ts';
import { ControlPlaneMetrics } from './control-plane-metrics.ts';
import { LiveMesh } from './live-mesh.ts';
import { LogWriter } from './log.ts';
import type { MonitoringServer } from './monitoring-server.ts';
import { startMonitoringServer } from './monitoring-server.ts';
import { advertisedHost, localHost } from './network-address.ts';
import { LeaseFile } from './registry/lease-file.ts';
import { Registry } from './registry/registry.ts';
import { EmbeddedStore } from './store/embedded-store.ts';
import { registerMeshMetrics } from './telemetry/mesh-metrics.ts';
import { MeshTelemetry } from './telemetry/mesh-telemetry.ts';
import { telemetryService } from './telemetry/telemetry-service.ts';
import { AdsServer } from './xds/ads-server.ts';
import { callerOf } from './xds/caller.ts';
import { ProxyTracker } from './xds/proxy-tracker.ts';
import { workloadService } from './xds/workload-service.ts';
import { XdsServer } from './xds/xds-server.ts';

export interface RunningControlPlane {
  /** `http://127.0.0.1:15080` */
  readonly apiUrl: string;
  /** `127.0.0.1:15012`: where sidecars of this host join and attach. */
  readonly xdsAddress: string;
  /** `http://127.0.0.1:15014/metrics` */
  readonly metricsUrl: string;
  /** File with the token by which services of this host join. */
  readonly hostTokenFile: string;
  /** Of the CLI context that holds an admin token of this control plane; `null` when there is none. */
  readonly contextName: string | null;
  /** Sidecars keep what they have; nothing acknowledged is lost. */
  close(): Promise<void>;
}

/** It cannot start as it is configured; one line that names what is in the way. */
export class ControlPlaneStartError extends Error {
  override readonly name = 'ControlPlaneStartError';
}

/** Twice a second, so that a lease ends at most that much late. */
const sweepIntervalMs = 500;

/** Services of one host join together, and all that were away come back together. */
const certificateLimits = { burst: 200, perSecond: 20 };

/**
 * Joins the parts of the control plane and starts them: what others need first, listeners last, so that a port that is
 * open is a port that serves. When one cannot start, those before it are closed again.
 *
 * @throws ControlPlaneStartError, StoreOpenError, AuthorityStateError
 */
export async function startControlPlane(config: ControlPlaneConfig): Promise<RunningControlPlane> {
  const closers: (() => void | Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) {
      await closer();
    }
  };
  try {
    return { ...(await start(config, (closer) => closers.push(closer))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  config: ControlPlaneConfig,
  onClose: (closer: () => void | Promise<void>) => void,
): Promise<Omit<RunningControlPlane, 'close'>> {
  const { stateDir, trustDomain } = config;
  const logs = new LogWriter(config.logLevel);
  const log = logs.for('control-plane');

  // State. The store's lock makes this process the only one in the state directory.
  const store = await EmbeddedStore.open(join(stateDir, 'store'));
  onClose(() => store.close());
  const authority = await CertificateAuthority.load({
    directory: join(stateDir, 'ca'),
    trustDomain,
    onError: (error) => log('error', 'the new issuing authority cannot be kept', { reason: error.message }),
  });
  const registry = new Registry();
  const leaseFile = new LeaseFile(join(stateDir, 'leases.json'), {
    onError: (error) => log('warn', 'the list of leases cannot be written', { reason: error.message }),
  });
  registry.restore(await leaseFile.load());
  leaseFile.follow(registry);
  onClose(() => leaseFile.close(registry));
  onClose(sweepLeases(registry, (message, fields) => log('warn', message, fields)));

  // Metrics read the parts below when they are scraped, which is after all of them are there.
  const metrics = new ControlPlaneMetrics(
    {
      connectedProxies: () => tracker.size,
      storeRevision: () => store.revision(),
      storeFailed: () => store.failure() !== null,
      registeredWorkloads: () => registry.view().workloads.length,
      heldLeases: () => registry.held().length,
      certificatesIssued: () => authority.issuedCount,
      connections: () => xds.counts(),
      expirations: () => ({ ...authority.expirations(), leafMs: serverCertificate.current().expiresAtMs }),
    },
    version,
  );
  const telemetry: MeshTelemetry = new MeshTelemetry({
    ruleOf: (service, section) => mesh.policySource(service, section),
  });
  registerMeshMetrics(metrics.registry, telemetry);
  const tracker = new ProxyTracker({ onConverged: (ms) => metrics.converged(ms) });

  // From a change to the sidecars.
  const caller = callerOf(trustDomain);
  const { observer } = metrics;
  const ads = new AdsServer({ callerOf: caller, registry, tracker, observer, log: logs.for('xds') });
  const mesh: LiveMesh = await LiveMesh.start({
    store,
    registry,
    trustDomain,
    trustBundlePem: authority.trustBundle.pem,
    publish: (snapshot, from) => ads.publish(snapshot, from),
    log: logs.for('translate'),
  });
  onClose(() => mesh.close());

  // Where sidecars join and attach.
  const tokensFor = (host: string): JoinTokens =>
    new JoinTokens({
      key: authority.tokenKey,
      trustDomain,
      rootFingerprintHex: authority.rootFingerprintHex,
      address: () => hostAndPort(host, xds.port),
    });
  const serverCertificate = new ServerCertificate({
    authority,
    onRenew: (identity) => xds.setIdentity(identity),
    onError: (error) => log('error', 'the server certificate cannot be renewed', { reason: String(error) }),
  });
  onClose(() => serverCertificate.close());
  const identity = identityService({
    authority,
    tokens: tokensFor(localHost(config.xdsHost)),
    peerOf: (call) => {
      const { address, svid } = caller(call);
      return { address: address.slice(0, address.lastIndexOf(':')), svid };
    },
    log: logs.for('ca'),
    limits: new TokenBuckets(certificateLimits),
  });
  const attach = workloadService({ callerOf: caller, registry, tracker, log: logs.for('registry') });
  const report = telemetryService({ telemetry, callerOf: caller, log: logs.for('telemetry') });
  const xds: XdsServer = await listening('xds', config.xdsHost, config.xdsPort, () =>
    XdsServer.listen({
      host: config.xdsHost,
      port: config.xdsPort,
      identity: serverCertificate.current(),
      trustBundlePem: authority.trustBundle.pem,
      trustDomain,
      log: logs.for('xds'),
      callerOf: caller,
      openPaths: ['/heddle.v1.IdentityService/Join'],
      services: [
        { definition: serviceDefinition('heddle.v1.IdentityService'), handlers: identity },
        { definition: serviceDefinition('heddle.v1.WorkloadService'), handlers: attach },
        { definition: serviceDefinition('heddle.v1.TelemetryService'), handlers: report },
        {
          definition: serviceDefinition('envoy.service.discovery.v3.AggregatedDiscoveryService'),
          handlers: ads.handlers,
        },
      ],
    }),
  );
  onClose(() => xds.close());
  const hostToken = new HostToken(join(stateDir, 'host-token'), tokensFor(localHost(config.xdsHost)), (error) =>
    log('error', 'the host token cannot be written', { reason: String(error) }),
  );
  await hostToken.start();
  onClose(() => hostToken.close());

  // Where people and Prometheus look.
  const { metricsHost, metricsPort } = config;
  const monitoring: MonitoringServer = await listening('metrics', metricsHost, metricsPort, () =>
    startMonitoringServer({
      host: metricsHost,
      port: metricsPort,
      metrics: () => metrics.text(),
      unreadiness: () => store.failure()?.message ?? null,
    }),
  );
  onClose(() => monitoring.close());
  const admin = await openAdminAccess({ ...config, store, log });
  const remoteTokens = tokensFor(config.advertise ?? advertisedHost(config.xdsHost));
  const api: ApiServer = await listening('api', config.apiHost, config.apiPort, () =>
    startApiServer({
      host: config.apiHost,
      port: config.apiPort,
      store,
      registry,
      lookup: mesh,
      proxies: tracker,
      telemetry,
      adminTokens: admin.tokens,
      mintToken: (scope, ttlMs) => remoteTokens.mint(scope, ttlMs),
      log: logs.for('api'),
      problems: () => mesh.problems(),
      servicePorts: (namespace, name) => mesh.servicePorts(namespace, name),
      describeService: (namespace, name, callerNamespace) => mesh.describe(namespace, name, callerNamespace),
      certificates: () => certificatesOf(authority, serverCertificate),
      controlPlaneMetrics: () => hostAndPort(advertisedHost(metricsHost), monitoring.port),
      hostNames: config.advertise === null ? [config.apiHost] : [config.apiHost, config.advertise],
    }),
  );
  onClose(() => api.close());
  const apiUrl = `http://${hostAndPort(localHost(config.apiHost), Number(new URL(api.url).port))}`;
  const contextName = await admin.publish({ api: apiUrl, hostToken: hostToken.path });

  const xdsAddress = hostAndPort(localHost(config.xdsHost), xds.port);
  const metricsUrl = `http://${hostAndPort(localHost(metricsHost), monitoring.port)}/metrics`;
  log('info', 'the control plane is up', { api: apiUrl, xds: xdsAddress, metrics: metricsUrl, stateDir, trustDomain });
  return { apiUrl, xdsAddress, metricsUrl, hostTokenFile: hostToken.path, contextName };
}

/** Ends leases that run out, and says when some are held. Returns how to stop. */
function sweepLeases(registry: Registry, warn: (message: string, fields: Record<string, unknown>) => void): () => void {
  let wasHolding = false;
  const timer = setInterval(() => {
    registry.sweep();
    const held = registry.held();
    if (held.length > 0 && !wasHolding) {
      warn('more than half of all leases would end at once: they are kept', {
        held: held.length,
        leases: held.slice(0, 20),
      });
    }
    wasHolding = held.length > 0;
  }, sweepIntervalMs);
  return () => clearInterval(timer);
}

/** Names the port and the flag in the error when something else has it. */
async function listening<Server>(
  name: string,
  host: string,
  port: number,
  listen: () => Promise<Server>,
): Promise<Server> {
  try {
    return await listen();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null;
    const place = hostAndPort(host, port);
    if (code === 'EADDRINUSE') {
      throw new ControlPlaneStartError(`${place} is in use by another program (--${name}-port chooses another)`, {
        cause,
      });
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new ControlPlaneStartError(`cannot listen on ${place} (--${name}-host, --${name}-port): ${code}`, {
        cause,
      });
    }
    throw cause;
  }
}

function certificatesOf(authority: CertificateAuthority, server: ServerCertificate): CertificateInfo[] {
  const { root, issuer } = authority.certificates();
  const [leaf] = fromPem('CERTIFICATE', server.current().chainPem).map(readCertificate);
  const rows = { root, issuer, 'control-plane': leaf ?? issuer } as const;
  return Object.entries(rows).map(([role, certificate]) => ({
    role: role as keyof typeof rows,
    identity: certificate.uriSans[0] ?? '',
    fingerprintSha256: rootFingerprint(certificate.der),
    notBefore: new Date(certificate.notBeforeMs).toISOString(),
    notAfter: new Date(certificate.notAfterMs).toISOString(),
  }));
}
