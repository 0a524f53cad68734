import { splitAuthority } from '../cluster/passthrough.ts';
import type { Failure } from '../failure.ts';

/**
 * What the reader of a problem document can do next: a command, or another way to call. `''` where there is nothing to say.
 * `service` is what was asked for, as an authority.
 */
export function remedyFor(failure: Failure, service: string): string {
  if (failure === 'registryOnly') return howToRegister(service);
  const general = remedies[failure];
  if (general !== undefined) return general;
  const [, name, namespace] = nameOfService.exec(service) ?? [];
  if (name === undefined) return saidByDocuments.has(failure) && hostOutside.test(service) ? whoDecidesOutside : '';
  if (!saidByDocuments.has(failure)) return `heddle stat ${name}   or   heddle proxies`;
  return `heddle describe ${name}${namespace === undefined ? '' : ` -n ${namespace}`}   for who says so`;
}

/** `cart`, `cart.shop`, `cart.shop.svc.cluster.local`, each with a port or without; no longer name of a host outside. */
const nameOfService = /^([a-z][a-z0-9-]*)(?:\.([a-z0-9-]+))?(?:\.svc(?:\.[a-z0-9.-]+)?)?(?::|$)/;

/** A longer name, with a port or without: three labels at least, the last one no number. */
const hostOutside = /^(?:\*\.)?(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?::\d+)?$/;

/** The sidecar knows the host, and not what its document is called. */
const whoDecidesOutside = 'heddle get externalservices -A   for its document, which heddle describe takes';

/** What routes and policies have decided, and not what went wrong. */
const saidByDocuments: ReadonlySet<Failure> = new Set<Failure>([
  'noRoute',
  'noCluster',
  'rewriteFailed',
  'upstreamOverflow',
  'rateLimited',
  'connectionRateLimited',
  'rateLimitedGlobally',
  'concurrencyLimitReached',
  'admissionDenied',
  'requestPayloadTooLarge',
  'faultAbort',
]);

function howToRegister(authority: string): string {
  const { host, port } = splitAuthority(authority);
  return `an ExternalService with hosts: [${host}] and port ${port}, or outboundTrafficPolicy.mode ALLOW_ANY in Mesh`;
}

/** Where it would be of no use to look at the service. */
const remedies: { readonly [Name in Failure]?: string } = {
  nameResolution: 'heddle stat   for the services of the mesh',
  unknownHost: 'heddle stat   for the services of the mesh',
  unknownPort: 'heddle get workloads -A   for the ports of the mesh',
  clientCertificateUnusable: 'heddle events   for since when; the file, on the machine of this sidecar',
  loopDetected: 'heddle get externalservices -A   for endpoints that are ports of sidecars',
  forbiddenDestination: 'the name of its service instead of an address of this host, or NO_PROXY',
};
