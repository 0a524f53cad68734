import { abilitiesOf } from './abilities.ts';

/** Who asks. */
export interface ClientView {
  /** `namespace/name` of its workload; decides which inbound resources are its own. */
  readonly workload: string;
  /** Where its calls come from; decides which consumer routes concern it. */
  readonly namespace: string;
  /** Of its certificate. */
  readonly serviceAccount?: string;
  /** What its build can do beyond the first version, by its own account. */
  readonly features: ReadonlySet<string>;
  /** Where it takes its application's calls, when it is not our sidecar. */
  readonly outboundPort?: number;
}

/** An Envoy has no way to hand a connection to them. */
export function takesServiceListeners({ features }: ClientView): boolean {
  const { tcp, stock } = abilitiesOf(features);
  return tcp && !stock;
}
