/** node-forge's ASN.1 part alone: a tenth of the memory of the whole library (1.3 instead of 10 MB). */
declare module 'node-forge/lib/asn1.js' {
  import { asn1 } from 'node-forge';

  export = asn1;
}
