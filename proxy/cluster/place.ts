import { defaultOverprovisioningPercent } from '../resilience/priority-load.ts';

/**
 * Where endpoints stand among those of their cluster: what a `LocalityLbEndpoints` says of all in it. One object for each.
 */
export interface Place {
  /** Empty when nobody said. */
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  /** 0 is used first. */
  readonly priority: number;
  /** Share of the requests of its priority where localities are weighted; 0 for none. */
  readonly weight: number;
  /** Of all endpoints of the cluster (`ClusterLoadAssignment.policy`). Default 140. */
  readonly overprovisioningPercent: number;
}

/** Nobody said anything. */
export const nowhere: Place = {
  region: '',
  zone: '',
  subZone: '',
  priority: 0,
  weight: 0,
  overprovisioningPercent: defaultOverprovisioningPercent,
};

/** Where a sidecar runs. */
export interface OwnLocality {
  readonly region: string;
  readonly zone: string;
}
