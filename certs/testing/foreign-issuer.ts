import { privateKeyToPem } from '../key-pair.ts';
import { openssl } from './openssl.ts';
import type { TestIdentity, TestMesh } from './test-identity.ts';

/** What an issuer other than ours may do beneath our root, and leaves unsaid what it does as we would. */
export interface ForeignLeaf {
  /** As `openssl genpkey` takes it: `RSA -pkeyopt rsa_keygen_bits:1024`. */
  readonly key?: string;
  readonly digest?: string;
  /** Authorities between our issuer and the leaf. */
  readonly between?: number;
  /** Extensions of these, as openssl's configuration has them. */
  readonly authority?: string;
  /** Lines of PEM that stand behind the chain in the same message. */
  readonly behind?: string;
}

let serial = 1;

const p256 = 'EC -pkeyopt ec_paramgen_curve:P-256';
const leafExtensions = (uri: string) =>
  `keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=critical,URI:${uri}\n`;
const properAuthority = 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n';

const authority = (basic: string, usage: string) => `basicConstraints=critical,${basic}\nkeyUsage=critical,${usage}\n`;

/** Signed by somebody who has a key of ours and follows other rules. */
export const foreignLeaves: [what: string, leaf: ForeignLeaf, isAccepted: boolean][] = [
  ['P-256, as ours', {}, true],
  ['RSA of 2048 bits', { key: 'RSA -pkeyopt rsa_keygen_bits:2048' }, true],
  ['RSA of 1024 bits', { key: 'RSA -pkeyopt rsa_keygen_bits:1024' }, false],
  ['P-192', { key: 'EC -pkeyopt ec_paramgen_curve:prime192v1' }, false],
  ['a signature over SHA-1', { digest: 'sha1' }, false],
  // Envoy's `max_verify_depth` is 100 by default, and so is OpenSSL's
  ['20 authorities between', { between: 20 }, true],
  ['an authority without the CA flag', { between: 1, authority: authority('CA:false', 'keyCertSign') }, false],
  ['an authority without keyCertSign', { between: 1, authority: authority('CA:true', 'digitalSignature') }, false],
  ['more authorities than one allows', { between: 2, authority: authority('CA:true,pathlen:0', 'keyCertSign') }, false],
];

/**
 * An identity of service account `cart` whose certificate openssl has issued under the root of a mesh: what our own
 * authority cannot be brought to sign.
 */
export function issuedByOpenssl(mesh: TestMesh, leaf: ForeignLeaf): TestIdentity {
  let above: Signer = { key: privateKeyToPem(mesh.root.privateKey), cert: mesh.bundlePem };
  let chain = '';
  for (let height = 0; height < (leaf.between ?? 0); height++) {
    above = issue(above, `/O=authority ${height}`, leaf.authority ?? properAuthority, p256, 'sha256');
    chain = above.cert + chain;
  }
  const own = issue(above, '/', leafExtensions(mesh.id('cart')), leaf.key ?? p256, leaf.digest ?? 'sha256');
  const der = Buffer.from(own.cert.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return { key: own.key, cert: own.cert + chain + (leaf.behind ?? ''), der };
}

interface Signer {
  readonly key: string;
  readonly cert: string;
}

function issue(above: Signer, subject: string, extensions: string, keyOptions: string, digest: string): Signer {
  const key = run({}, 'genpkey', '-algorithm', ...keyOptions.split(' '));
  const request = run({ key }, 'req', '-new', '-key', 'key', '-subj', subject, '-config', '/dev/null', '-batch');
  const files = { key: above.key, above: above.cert, request, extensions };
  const sign = [
    '-CA',
    'above',
    '-CAkey',
    'key',
    '-set_serial',
    String(serial++),
    '-extfile',
    'extensions',
    '-days',
    '1',
  ];
  return { key, cert: run(files, 'x509', '-req', '-in', 'request', `-${digest}`, ...sign) };
}

function run(files: Record<string, string>, ...line: string[]): string {
  const { status, text } = openssl(files, ...line);
  if (status !== 0) throw new Error(`openssl ${line.join(' ')}: ${text}`);
  return text.slice(text.indexOf('-----BEGIN'), text.lastIndexOf('-----') + 5).concat('\n');
}
