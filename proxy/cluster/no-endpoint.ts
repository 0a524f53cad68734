import { BLACK_HOLE_CLUSTER } from '../../proto/names.ts';
import type { Failure } from '../failure.ts';
import type { Cluster } from './cluster.ts';

/** Why no endpoint of a cluster could be picked; `detail` is for the answer and the log. */
export function whyNoEndpoint({ name, names }: Cluster): { readonly failure: Failure; readonly detail: string } {
  if (name === BLACK_HOLE_CLUSTER) return { failure: 'noCluster', detail: '' };
  const detail = names?.lastFailure ?? '';
  return { failure: detail === '' ? 'noHealthyUpstream' : 'nameResolution', detail };
}
