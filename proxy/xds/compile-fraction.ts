import type { FractionalPercent__Output } from '../../proto/generated/envoy/type/v3/FractionalPercent.ts';
import { DENOMINATORS } from '../../proto/validate/fault.ts';
import type { Fraction } from '../filter/fraction.ts';

/** Unset is none of the requests (Envoy). */
export function compileFraction(fraction: FractionalPercent__Output | null): Fraction {
  if (fraction === null) return { numerator: 0, denominator: 100 };
  return { numerator: fraction.numerator, denominator: DENOMINATORS[fraction.denominator] };
}
