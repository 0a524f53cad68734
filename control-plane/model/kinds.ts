import type { BackendTrafficPolicy } from './backend-traffic-policy.ts';
import { backendTrafficPolicySchema } from './backend-traffic-policy.ts';
import type { ExternalService } from './external-service.ts';
import { externalServiceSchema } from './external-service.ts';
import type { FaultInjection } from './fault-injection.ts';
import { faultInjectionSchema } from './fault-injection.ts';
import type { GrpcRoute } from './grpc-route.ts';
import { grpcRouteSchema } from './grpc-route.ts';
import type { HttpRoute } from './http-route.ts';
import { httpRouteSchema } from './http-route.ts';
import type { Mesh } from './mesh.ts';
import { meshSchema } from './mesh.ts';
import type { ReferenceGrant } from './reference-grant.ts';
import { referenceGrantSchema } from './reference-grant.ts';
import type { RouteFilter } from './route-filter.ts';
import { routeFilterSchema } from './route-filter.ts';
import type { Service } from './service.ts';
import { serviceSchema } from './service.ts';
import type { TcpRoute } from './tcp-route.ts';
import { tcpRouteSchema } from './tcp-route.ts';
import type { Workload } from './workload.ts';
import { workloadSchema } from './workload.ts';

/** Any document, as it is after parsing: checked, structural defaults filled in. */
export type ModelDocument =
  | Service
  | Workload
  | ExternalService
  | HttpRoute
  | GrpcRoute
  | TcpRoute
  | ReferenceGrant
  | RouteFilter
  | BackendTrafficPolicy
  | FaultInjection
  | Mesh;
export type KindName = ModelDocument['kind'];
export type DocumentOf<Kind extends KindName> = Extract<ModelDocument, { kind: Kind }>;

/**
 * Every kind there is. REST paths, CLI arguments and store keys are made from this table; a new kind is a row here and
 * a file with its schema.
 */
export const kinds = {
  Service: {
    kind: 'Service',
    group: '',
    version: 'v1',
    apiVersions: ['v1'],
    plural: 'services',
    shortNames: ['svc'],
    namespaced: true,
    schema: serviceSchema,
  },
  Workload: {
    kind: 'Workload',
    group: 'heddle.dev',
    version: 'v1alpha1',
    apiVersions: ['heddle.dev/v1alpha1'],
    plural: 'workloads',
    shortNames: ['wl'],
    namespaced: true,
    schema: workloadSchema,
  },
  ExternalService: {
    kind: 'ExternalService',
    group: 'heddle.dev',
    version: 'v1alpha1',
    apiVersions: ['heddle.dev/v1alpha1'],
    plural: 'externalservices',
    shortNames: ['external'],
    namespaced: true,
    schema: externalServiceSchema,
  },
  HTTPRoute: {
    kind: 'HTTPRoute',
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
    plural: 'httproutes',
    shortNames: ['route'],
    namespaced: true,
    schema: httpRouteSchema,
  },
  GRPCRoute: {
    kind: 'GRPCRoute',
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1alpha2'],
    plural: 'grpcroutes',
    shortNames: [],
    namespaced: true,
    schema: grpcRouteSchema,
  },
  TCPRoute: {
    kind: 'TCPRoute',
    group: 'gateway.networking.k8s.io',
    version: 'v1alpha2',
    apiVersions: ['gateway.networking.k8s.io/v1alpha2', 'gateway.networking.k8s.io/v1'],
    plural: 'tcproutes',
    shortNames: [],
    namespaced: true,
    schema: tcpRouteSchema,
  },
  HTTPRouteFilter: {
    kind: 'HTTPRouteFilter',
    group: 'heddle.dev',
    version: 'v1alpha1',
    apiVersions: ['heddle.dev/v1alpha1'],
    plural: 'httproutefilters',
    shortNames: [],
    namespaced: true,
    schema: routeFilterSchema,
  },
  ReferenceGrant: {
    kind: 'ReferenceGrant',
    group: 'gateway.networking.k8s.io',
    version: 'v1beta1',
    apiVersions: ['gateway.networking.k8s.io/v1beta1', 'gateway.networking.k8s.io/v1'],
    plural: 'referencegrants',
    shortNames: ['refgrant'],
    namespaced: true,
    schema: referenceGrantSchema,
  },
  BackendTrafficPolicy: {
    kind: 'BackendTrafficPolicy',
    group: 'heddle.dev',
    version: 'v1alpha1',
    apiVersions: ['heddle.dev/v1alpha1'],
    plural: 'backendtrafficpolicies',
    shortNames: ['btp', 'policy', 'policies'],
    namespaced: true,
    schema: backendTrafficPolicySchema,
  },
  FaultInjection: {
    kind: 'FaultInjection',
    group: 'heddle.dev',
    version: 'v1alpha1',
    apiVersions: ['heddle.dev/v1alpha1'],
    plural: 'faultinjections',
    shortNames: ['fault'],
    namespaced: true,
    schema: faultInjectionSchema,
  },
  Mesh: {
    kind: 'Mesh',
    group: 'heddle.dev',
    version: 'v1alpha1',
    apiVersions: ['heddle.dev/v1alpha1'],
    plural: 'meshes',
    shortNames: [],
    namespaced: false,
    schema: meshSchema,
  },
} as const satisfies { [Kind in KindName]: KindRow<Kind> };

interface KindRow<Kind extends KindName> {
  readonly kind: Kind;
  /** API group; the core group is the empty string. */
  readonly group: string;
  /** The version that is served and stored. */
  readonly version: string;
  /** Every `apiVersion` a document may be written in; the first is the one it is kept in. */
  readonly apiVersions: readonly string[];
  /** In paths and keys. */
  readonly plural: string;
  /** What the CLI also understands, beside kind, plural and singular. */
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly schema: { safeParse(value: unknown): { success: boolean } };
}

export type Kind = (typeof kinds)[KindName];

export const allKinds: readonly Kind[] = Object.values(kinds);

/** The kind of a document's `apiVersion` and `kind`; `null` when there is none. */
export function kindOf(apiVersion: unknown, kind: unknown): Kind | null {
  return allKinds.find((row) => row.kind === kind && row.apiVersions.some((version) => version === apiVersion)) ?? null;
}

/** The kind at a REST path. */
export function kindAt(group: string, version: string, plural: string): Kind | null {
  return allKinds.find((row) => row.group === group && row.version === version && row.plural === plural) ?? null;
}

/** The kind a user means by `httproute`, `HTTPRoutes`, `route` …; `null` when none. */
export function kindNamed(word: string): Kind | null {
  const lower = word.toLowerCase();
  return (
    allKinds.find(({ kind, plural, shortNames }) =>
      [kind.toLowerCase(), plural, ...shortNames, ...shortNames.map((name) => `${name}s`)].includes(lower),
    ) ?? null
  );
}

/** `HTTPRoute/default/cart`, `Mesh/default`: how messages and route metadata name a document. */
export function documentName(document: ModelDocument): string {
  const { kind, metadata } = document;
  return 'namespace' in metadata ? `${kind}/${metadata.namespace}/${metadata.name}` : `${kind}/${metadata.name}`;
}

/** `/gateway.networking.k8s.io/httproutes/default/cart`; the core group is `core`, no namespace is `_`. */
export function storeKey(kind: Kind, namespace: string | null, name: string): string {
  return `${storePrefix(kind, namespace ?? '_')}${name}`;
}

/** Prefix of the keys of a kind, or of those in one namespace. */
export function storePrefix(kind: Kind, namespace?: string): string {
  const ofKind = `/${kind.group === '' ? 'core' : kind.group}/${kind.plural}/`;
  return namespace === undefined ? ofKind : `${ofKind}${namespace}/`;
}

/** Namespace of a document; `null` for a cluster-scoped one. */
export function namespaceOf(document: ModelDocument): string | null {
  return 'namespace' in document.metadata ? document.metadata.namespace : null;
}
