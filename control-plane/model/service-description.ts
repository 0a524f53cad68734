/** Which document says something, and where it was written. */
export interface DocumentSource {
  /** `HTTPRoute/default/cart` */
  readonly document: string;
  /** Empty when nobody said. */
  readonly file: string;
  /** From 1; 0 when nobody said. Of a rule where it is known, else of the document. */
  readonly line: number;
}

/** All that decides what becomes of a call to one service, as callers of one namespace have it. */
export interface ServiceDescription {
  readonly namespace: string;
  readonly name: string;
  /** Of an ExternalService all of its hosts, with commas between. */
  readonly host: string;
  /** Of the Service document; null for one that workloads imply. */
  readonly source: DocumentSource | null;
  /** SPIFFE ids that callers accept. */
  readonly identities: readonly string[];
  readonly versions: readonly { readonly version: string; readonly instances: number }[];
  readonly instances: readonly InstanceDescription[];
  /** How it is reached; null for what is inside the mesh. */
  readonly outside: OutsideDescription | null;
  readonly ports: readonly PortDescription[];
  /** Documents that bear on the service, with the revision they are of. */
  readonly documents: readonly (DocumentSource & { readonly revision: string })[];
  /** What these documents ask for and cannot have. */
  readonly problems: readonly {
    readonly document: string;
    readonly path: string;
    readonly message: string;
  }[];
}

/** As an ExternalService has it, defaults filled in. */
export interface OutsideDescription {
  readonly resolution: 'DNS' | 'STATIC' | 'NONE';
  /** Null where the sidecar opens none. */
  readonly tls: {
    readonly mode: string;
    /** Empty for the host that is called. */
    readonly sni: string;
    readonly subjectAltNames: readonly string[];
    /** Whether the document has the roots; else those of each sidecar's host hold. */
    readonly hasRoots: boolean;
  } | null;
  /** Empty where the hosts' own addresses are meant. */
  readonly endpoints: readonly {
    readonly address: string;
    /** Null for the port's own. */
    readonly port: number | null;
    readonly weight: number;
  }[];
}

export interface InstanceDescription {
  readonly name: string;
  readonly version: string;
  readonly address: string;
  /** `9001 meshed at 10.0.0.7:15006`: each port, and how callers reach it. */
  readonly ports: readonly {
    readonly port: number;
    readonly dialed: string;
    readonly isMeshed: boolean;
  }[];
  /** Share of the requests beside the other instances. */
  readonly weight: number;
  readonly region: string;
  readonly zone: string;
  readonly identity: string;
}

export interface PortDescription {
  readonly port: number;
  /** Empty when it has none. */
  readonly name: string;
  readonly protocol: string;
  /** Who said what it carries. */
  readonly saidBy: string;
  /** The first that matches takes a request; empty where everything goes to the service itself. */
  readonly routes: readonly RouteDescription[];
  readonly policy: readonly PolicyFieldDescription[];
  readonly fault: FaultDescription | null;
}

export interface RouteDescription extends DocumentSource {
  /** From 0. */
  readonly rule: number;
  /** Empty when it has none. */
  readonly ruleName: string;
  /** `GET /items`, `header x-user: jason`: all must hold. Empty for every request. */
  readonly match: readonly string[];
  readonly backends: readonly BackendDescription[];
  /** `redirect 301 to https://…`, `header x set`, `timeout 2s` */
  readonly steps: readonly string[];
}

export interface BackendDescription {
  readonly name: string;
  readonly port: number;
  readonly weight: number;
  readonly percent: number;
  /** Why its share is answered with an error; null for a backend that is there. */
  readonly missing: string | null;
}

export interface PolicyFieldDescription {
  /** `circuitBreaker.maxConnections` */
  readonly field: string;
  readonly value: string;
  /** null for the built-in default. */
  readonly source: DocumentSource | null;
}

export interface FaultDescription extends DocumentSource {
  /** RFC 3339. */
  readonly until: string;
  /** `30 % wait 2s`; empty for none. */
  readonly delay: string;
  readonly abort: string;
  /** `50 % get their answer at 10 KiB a second` */
  readonly responseRate: string;
  /** Only requests with these. */
  readonly headers: readonly string[];
}
