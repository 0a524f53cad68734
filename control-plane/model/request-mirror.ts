import { z } from 'zod';
import { crossCheck } from './cross-check.ts';
import { backendReferenceShape, requirePort } from './object-reference.ts';

const percentHint = 'write a whole percentage from 0 to 100';
const numeratorHint = 'write a whole number of at least 0';
const denominatorHint = 'write a whole number of at least 1';

const fractionSchema = z
  .object({
    numerator: z.number({ error: numeratorHint }).int(numeratorHint).min(0, numeratorHint),
    denominator: z.number({ error: denominatorHint }).int(denominatorHint).min(1, denominatorHint).default(100),
  })
  .check(
    crossCheck(['numerator', 'denominator'], ({ numerator, denominator }, report) => {
      if (numerator > denominator) report(['numerator'], `more than all requests: at most ${denominator}`);
    }),
  );

/**
 * Sends a copy of the requests, or of a share of them, to another backend. Nobody waits for the copies, their answers are
 * thrown away, and what becomes of them is counted apart (`mirrored_rq_*` of the backend's cluster). The copy is the same as
 * the request: Envoy's `-shadow` behind the host is left off, since an application that serves hosts by name would refuse it.
 *
 * Source: Gateway API v1 `HTTPRequestMirrorFilter` (GEP-3171).
 */
export const requestMirrorSchema = z
  .object({
    backendRef: z.object(backendReferenceShape).check(requirePort),
    /** Share of the requests; all of them without either of these. */
    percent: z.number({ error: percentHint }).int(percentHint).min(0, percentHint).max(100, percentHint).optional(),
    fraction: fractionSchema.optional(),
  })
  .check(
    crossCheck(['percent', 'fraction'], ({ percent, fraction }, report) => {
      if (percent !== undefined && fraction !== undefined) report(['fraction'], 'write percent or fraction, not both');
    }),
  );

export type RequestMirror = z.output<typeof requestMirrorSchema>;
