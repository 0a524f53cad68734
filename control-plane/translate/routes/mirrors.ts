import type { Input } from '../../../proto/load.ts';
import type { HttpRouteFilter } from '../../model/http-route-filter.ts';
import type { RequestMirror } from '../../model/request-mirror.ts';
import type { Backend, BackendName } from '../services/backends.ts';

type MirrorPolicy = NonNullable<Input<'envoy.config.route.v3.RouteAction'>['request_mirror_policies']>[number];

/** Copies for a backend that does not exist are not made; the document's status says so. */
export function mirrorPolicies(
  filters: readonly Pick<HttpRouteFilter, 'requestMirror'>[],
  resolve: (reference: BackendName) => Backend,
): readonly MirrorPolicy[] {
  return filters.flatMap(({ requestMirror }) => {
    if (requestMirror === undefined) return [];
    const backend = resolve(requestMirror.backendRef);
    if ('missing' in backend) return [];
    const share = numeratorOf(requestMirror);
    return [
      {
        cluster: backend.cluster,
        disable_shadow_host_suffix_append: true,
        ...(share !== null && {
          runtime_fraction: { default_value: { numerator: share, denominator: 'MILLION' as const } },
        }),
      },
    ];
  });
}

/** In millionths; null for all. */
function numeratorOf({ percent, fraction }: RequestMirror): number | null {
  if (percent !== undefined) return percent * 10_000;
  return fraction === undefined ? null : Math.round((fraction.numerator / fraction.denominator) * 1_000_000);
}
