import { isIP } from 'node:net';
import { z } from 'zod';
import { boundedText } from '../bounded-text.ts';

/** RFC 1123 labels, two at least: a name without a dot is that of a Service. */
const hostName = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Why a text is no host that an application could name and a certificate vouch for; null where it is one. */
export function hostFault(written: string): string | null {
  if (isIP(written) !== 0) return 'a host is a name: write one, and the address under endpoints';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) return 'write the name alone, without its scheme';
  if (/:\d+$/.test(written)) return 'write the name alone, and the port under ports';
  const name = written.startsWith('*.') ? written.slice(2) : written;
  if (name.includes('*')) return 'a wildcard stands for the first labels, as in *.example.com';
  if (name !== name.toLowerCase()) return `host names are written in lower case: ${written.toLowerCase()}`;
  if (name.endsWith('.')) return 'write the name without the dot at its end';
  if (/(^|\.)(svc|cluster\.local|localhost)$/.test(name))
    return 'names of this kind are those of the mesh, or of this host';
  if (!name.includes('.')) {
    return 'a name without a dot is that of a Service: write a name with one, and this one as the address under endpoints';
  }
  // what ends in a number is read as an IPv4 address by browsers and libraries (WHATWG URL, "ends in a number")
  if (/\.(\d+|0x[\da-f]*)$/.test(name)) return 'the last part of a name is no number';
  return hostName.test(name) && name.length <= 253 ? null : 'write a host name such as api.example.com';
}

/** A name by which applications call what is outside; `*.example.com` is all names below example.com. */
export const hostSchema = boundedText('a host', 255).check(({ value, issues }) => {
  const message = hostFault(value);
  if (message !== null) issues.push({ code: 'custom', path: [], message, input: value });
});

export function isWildcard(host: string): boolean {
  return host.startsWith('*.');
}

/** A name that DNS knows or that `/etc/hosts` has; one label will do. */
export const dnsNamePattern = /^([a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9])?\.)*[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/i;

/** The name in a certificate, or that is sent as SNI. */
export const certificateHostSchema = boundedText('a name', 253, {
  pattern: /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  hint: 'write a host name such as api.example.com',
}).refine((text) => isIP(String(text)) === 0, 'write a name: an address is no server name (RFC 6066)');

/** What a certificate may vouch for: a host, or a URI such as a SPIFFE id. */
export const subjectAltNameSchema = z.union(
  [
    certificateHostSchema,
    boundedText('a URI', 2048, {
      pattern: /^[a-z][a-z0-9+.-]*:\/\/[!-~]+$/,
      hint: 'write a host name, or a URI such as a SPIFFE id',
    }),
  ],
  { error: 'write a host name, or a URI such as a SPIFFE id' },
);
