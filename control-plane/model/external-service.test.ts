import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';
import type { ExternalService } from './external-service.ts';
import { resolutionOf } from './external-service.ts';

const external = (spec: object) => ({
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'ExternalService',
  metadata: { name: 'api' },
  spec: { hosts: ['api.example.com'], ports: [{ port: 80, protocol: 'HTTP', targetPort: 443 }], ...spec },
});

function faultsOf(value: unknown): string[] {
  return checkDocument(value).faults.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

const anAddress = { address: '192.0.2.1' };
const pem = (kind: string, body = 'AAAA') => `-----BEGIN ${kind}-----\n${body}\n-----END ${kind}-----\n`;

describe('externalServiceSchema', () => {
  it.each<[string, object, string]>([
    ['no host', { hosts: [] }, 'spec.hosts: an ExternalService has at least one host'],
    [
      'a namespace by name',
      { exportTo: ['shop'] },
      'spec.exportTo[0]: write . for its own namespace or * for all; others cannot be named',
    ],
    ['no export', { exportTo: [] }, 'spec.exportTo: write one of . and *'],
    ['no port', { ports: [] }, 'spec.ports: an ExternalService has at least one port'],
    ['a misspelt field', { host: 'a.b' }, 'spec.host: unknown field host; did you mean hosts?'],
    ['a host twice', { hosts: ['a.b', 'a.b'] }, 'spec.hosts[1]: a.b is listed twice'],
    [
      'a port twice',
      { ports: [80, 80].map((port, i) => ({ name: `p${i}`, port, protocol: 'TCP' })) },
      'spec.ports[1].port: port 80 is listed twice',
    ],
    [
      'two ports without names',
      { ports: [80, 81].map((port) => ({ port, protocol: 'TCP' })) },
      'spec.ports[1]: missing field name: an ExternalService with several ports names each',
    ],
    [
      'an address as host',
      { hosts: ['192.0.2.1'] },
      'spec.hosts[0]: a host is a name: write one, and the address under endpoints',
    ],
    ['a URL as host', { hosts: ['https://a.b'] }, 'spec.hosts[0]: write the name alone, without its scheme'],
    ['a port at the host', { hosts: ['a.b:80'] }, 'spec.hosts[0]: write the name alone, and the port under ports'],
    ['capitals', { hosts: ['A.b'] }, 'spec.hosts[0]: host names are written in lower case: a.b'],
    [
      'a host of the mesh',
      { hosts: ['cart.default.svc.cluster.local'] },
      'spec.hosts[0]: names of this kind are those of the mesh, or of this host',
    ],
    [
      'a name of this host',
      { hosts: ['api.localhost'] },
      'spec.hosts[0]: names of this kind are those of the mesh, or of this host',
    ],
    ['a name that may be an address', { hosts: ['a.1'] }, 'spec.hosts[0]: the last part of a name is no number'],
    [
      'a wildcard in the middle',
      { hosts: ['a.*.b'] },
      'spec.hosts[0]: a wildcard stands for the first labels, as in *.example.com',
    ],
    [
      'a wildcard with addresses',
      { hosts: ['*.a.b'], endpoints: [anAddress] },
      'spec.hosts[0]: *.a.b has no address of its own: write resolution: NONE and no endpoints, or the hosts one by one',
    ],
    [
      'HTTPS',
      { ports: [{ port: 443, protocol: 'HTTPS' }] },
      'spec.ports[0].protocol: HTTPS can mean two things: write TLS when the application opens TLS itself, or HTTP and tls when the sidecar is to open it; did you mean HTTP?',
    ],
    [
      "Istio's name of the port",
      { ports: [{ number: 443, port: 443, protocol: 'TLS' }] },
      'spec.ports[0].number: number is no part of this document: write port',
    ],
    [
      'the address of cloud metadata',
      { endpoints: [{ address: '169.254.169.254' }] },
      "spec.endpoints[0].address: 169.254.169.254 is of one link only, of many hosts, or that of a cloud's metadata: sidecars never connect there",
    ],
    [
      'a name that nothing looks up',
      { resolution: 'STATIC', endpoints: [{ address: 'db.b' }] },
      'spec.endpoints[0].address: db.b is a name, which resolution STATIC does not look up: write DNS',
    ],
    ['STATIC without addresses', { resolution: 'STATIC' }, 'spec.resolution: STATIC needs endpoints'],
    [
      'NONE with addresses',
      { resolution: 'NONE', endpoints: [anAddress] },
      'spec.endpoints: with resolution NONE the name that is called is the endpoint: write DNS or STATIC',
    ],
    [
      'TLS to whoever it is',
      { resolution: 'NONE', tls: {} },
      'spec.tls: needs resolution DNS or STATIC: with NONE it is not known whose certificate to expect',
    ],
    ['look-ups of addresses', { endpoints: [anAddress], dns: {} }, 'spec.dns: has no meaning with resolution STATIC'],
    [
      'TLS in TLS',
      { ports: [{ port: 443, protocol: 'TLS' }], tls: {} },
      'spec.ports[0].protocol: the application opens TLS at this port, and tls has the sidecar open it: write HTTP, HTTP2, GRPC or TCP, or put the port into an ExternalService without tls',
    ],
    [
      'TLS of the mesh',
      { tls: { mode: 'ISTIO_MUTUAL' } },
      'spec.tls.mode: ISTIO_MUTUAL is not supported by this version of Heddle: write SIMPLE or MUTUAL',
    ],
    [
      'mutual TLS without a key',
      { tls: { mode: 'MUTUAL', clientCertificate: '/etc/tls/a.pem' } },
      'spec.tls.privateKey: is required with mode MUTUAL',
    ],
    [
      'a certificate that is not shown',
      { tls: { clientCertificate: '/etc/tls/a.pem' } },
      'spec.tls.clientCertificate: has no meaning with mode SIMPLE: write MUTUAL',
    ],
    [
      'a key in a document',
      { tls: { mode: 'MUTUAL', clientCertificate: '/etc/tls/a.pem', privateKey: pem('PRIVATE KEY') } },
      'spec.tls.privateKey: write the name of a file on the sidecars’ machines: documents carry no keys',
    ],
    [
      'a file that is found from elsewhere',
      { tls: { mode: 'MUTUAL', clientCertificate: '/etc/tls/../a.pem', privateKey: 'a.key' } },
      'spec.tls.clientCertificate: write the absolute name of a file on the sidecars’ machines, such as /etc/heddle/tls/client.pem',
    ],
    [
      'unchecked TLS',
      { tls: { insecureSkipVerify: true } },
      'spec.tls.insecureSkipVerify: a connection to nobody knows whom is no safer than plaintext: write caCertificates or subjectAltNames',
    ],
    [
      'an address as server name',
      { tls: { sni: '192.0.2.1' } },
      'spec.tls.sni: write a name: an address is no server name (RFC 6066)',
    ],
    [
      'a file of certificates',
      { tls: { caCertificates: '/etc/ca.pem' } },
      'spec.tls.caCertificates: write the certificates themselves, in PEM, and no file',
    ],
    [
      'a key among certificates',
      { tls: { caCertificates: pem('PRIVATE KEY') } },
      'spec.tls.caCertificates: holds a private key: write certificates only',
    ],
    [
      'a key with a passphrase, which has headers of its own',
      { tls: { caCertificates: pem('RSA PRIVATE KEY', 'DEK-Info: AES-256-CBC,00\n\nAAAA') } },
      'spec.tls.caCertificates: holds a private key: write certificates only',
    ],
    [
      'certificates that are none',
      { tls: { caCertificates: pem('CERTIFICATE') } },
      'spec.tls.caCertificates: certificate 1 cannot be read',
    ],
    [
      'TLS 1.1',
      { tls: { minProtocolVersion: 'TLSV1_1' } },
      'spec.tls.minProtocolVersion: write TLSV1_2 or TLSV1_3; did you mean TLSV1_2?',
    ],
  ])('refuses %s', (_name, spec, message) => {
    expect(faultsOf(external(spec))).toContain(message);
  });

  it('tells all faults at once', () => {
    const faults = faultsOf(
      external({ hosts: ['A.b', '10.0.0.1'], ports: [{ port: 0, protocol: 'TLS' }], tls: { mode: 'X' } }),
    );
    expect(faults.map((fault) => fault.split(': ')[0])).toEqual([
      'spec.hosts[0]',
      'spec.hosts[1]',
      'spec.ports[0].port',
      'spec.tls.mode',
    ]);
  });

  it('verifies chain and name from TLS 1.2 on, where nobody says more', () => {
    expect(checkDocument(external({ tls: {} })).document?.spec).toMatchObject({
      tls: { mode: 'SIMPLE', minProtocolVersion: 'TLSV1_2' },
    });
  });

  it('takes real certificates, the addresses of this host, and wildcards that are only let out', () => {
    const certificate = execFileSync(process.execPath, ['-p', 'require("node:tls").rootCertificates[0]'], {
      encoding: 'utf8',
    });
    expect(faultsOf(external({ tls: { caCertificates: certificate } }))).toEqual([]);
    expect(faultsOf(external({ endpoints: [{ address: '127.0.0.1', port: 8443 }] }))).toEqual([]);
    expect(faultsOf(external({ hosts: ['*.example.com'], ports: [{ port: 443, protocol: 'TLS' }] }))).toEqual([]);
  });
});

describe('resolutionOf', () => {
  it.each<[string, object]>([
    ['DNS', {}],
    ['DNS', { endpoints: [{ address: 'a.b' }, anAddress] }],
    ['STATIC', { endpoints: [anAddress] }],
    ['NONE', { hosts: ['*.example.com'] }],
    ['NONE', { resolution: 'NONE' }],
  ])('is %s for %o', (resolution, spec) => {
    const { document } = checkDocument(external(spec));
    expect(resolutionOf((document as ExternalService).spec)).toBe(resolution);
  });
});
