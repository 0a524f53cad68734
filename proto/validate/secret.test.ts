import { describe, expect, it } from 'vitest';
import type { Input } from '../load.ts';
import { messageType } from '../load.ts';
import { goodSecret, ROOT_PEM } from '../testing/resources.ts';
import { validateSecret } from './secret.ts';

type Secret = Input<'envoy.extensions.transport_sockets.tls.v3.Secret'>;

function validate(secret: Secret): string[] {
  const type = messageType('envoy.extensions.transport_sockets.tls.v3.Secret');
  return validateSecret(type.decode(type.encode(secret))).map(({ path, message }) => `${path}: ${message}`);
}

function roots(pem: string): Secret {
  return { name: 'ROOTCA', validation_context: { trusted_ca: { inline_string: pem } } };
}

describe('validateSecret', () => {
  it.each<[string, Secret]>([
    ['what the control plane makes', goodSecret()],
    ['two roots, while one is being replaced', roots(ROOT_PEM + ROOT_PEM)],
    ['roots as bytes', { name: 'ROOTCA', validation_context: { trusted_ca: { inline_bytes: Buffer.from(ROOT_PEM) } } }],
  ])('accepts %s', (_what, secret) => {
    expect(validate(secret)).toEqual([]);
  });

  it.each<[string, Secret, string]>([
    ['no name', { ...goodSecret(), name: '' }, 'name: is required'],
    ['nothing in it', { name: 'ROOTCA' }, ': needs validation_context'],
    [
      'no roots',
      { name: 'ROOTCA', validation_context: {} },
      'validation_context.trusted_ca: needs a certificate in PEM',
    ],
    ['no certificate', roots('nonsense'), 'validation_context.trusted_ca: needs a certificate in PEM'],
    [
      'a certificate that is cut short',
      roots(`${ROOT_PEM}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`),
      'validation_context.trusted_ca: has a certificate that cannot be parsed, number 2',
    ],
    [
      'very many roots',
      roots(ROOT_PEM.repeat(101)),
      'validation_context.trusted_ca: has 101 certificates, more than 100',
    ],
    [
      'a key that others know',
      { name: 'default', tls_certificate: { certificate_chain: { inline_string: ROOT_PEM } } },
      'tls_certificate: is refused: the sidecar makes its own key and gives it to nobody',
    ],
  ])('refuses %s', (_what, secret, violation) => {
    expect(validate(secret)).toEqual([violation]);
  });
});
