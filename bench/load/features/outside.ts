import type { Feature, Surroundings } from './feature.ts';

/** A name that only documents know. One of two labels would be that of a service and its namespace. */
const host = 'api.outside.example';

/** The same upstream as a host outside the mesh. */
export const outside: readonly Feature[] = [
  { name: 'external', host, documents: ({ service }) => external(service, addresses) },
  {
    name: 'external-by-name',
    host,
    sidecarOptions: ['--dns-loopback'],
    documents: ({ service }) => external(service, '{ address: localhost }'),
  },
  { name: 'external-over-tls', host, asksTls: true, documents: externalOverTls },
];

const addresses = '{ address: 127.0.0.1 }, { address: 127.0.0.2 }';

function externalOverTls({ service, tls }: Surroundings): string {
  if (tls === null) throw new Error('it was asked for an upstream of TLS');
  const { port, serverName, uri, rootPem } = tls;
  const origination = { sni: serverName, subjectAltNames: [uri], caCertificates: rootPem };
  return external(service, addresses, `\n  tls: ${JSON.stringify(origination)}`, port);
}

function external(port: number, endpoints: string, more = '', targetPort = port): string {
  return `---
apiVersion: heddle.dev/v1alpha1
kind: ExternalService
metadata: { name: outside }
spec:
  hosts: [${host}]
  ports: [{ port: ${port}, protocol: HTTP, targetPort: ${targetPort} }]
  endpoints: [${endpoints}]${more}
`;
}
