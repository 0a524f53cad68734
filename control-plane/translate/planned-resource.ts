import type { Input } from '../../proto/load.ts';
import type { MessageNameOf, ResourceTypeUrl } from '../../proto/type-urls.ts';
import { ROUTE_CONFIGURATION_TYPE_URL } from '../../proto/type-urls.ts';
import type { EncodedResource } from './encoded-resource.ts';
import { encodeResource } from './encoded-resource.ts';
import { soundRoutes } from './routes/sound-routes.ts';

/** A resource that exists for a client, not yet made. */
export interface PlannedResource {
  /** Clients of one scope share the resource. '' is everybody. */
  readonly scope: string;
  encode(previous: EncodedResource | undefined): EncodedResource;
}

/** What did not change was looked at before. */
export function encodeRoutes(
  name: string,
  message: Input<'envoy.config.route.v3.RouteConfiguration'>,
  previous: EncodedResource | undefined,
): EncodedResource {
  const encoded = encodeResource(ROUTE_CONFIGURATION_TYPE_URL, name, message, previous);
  const sound = encoded === previous ? null : soundRoutes(message, encoded.bytes);
  return sound === null ? encoded : encodeResource(ROUTE_CONFIGURATION_TYPE_URL, name, sound, previous);
}

/** A resource whose message is made when somebody asks for it. */
export function planned<Url extends ResourceTypeUrl>(
  typeUrl: Url,
  name: string,
  scope: string,
  message: () => Input<MessageNameOf<Url>>,
): PlannedResource {
  return { scope, encode: (previous) => encodeResource(typeUrl, name, message(), previous) };
}
