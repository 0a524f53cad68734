import { unpackAs } from '../../proto/any.ts';
import { timerMs } from '../../proto/duration.ts';
import { BANDWIDTH_LIMIT_REQUEST_FILTER, BANDWIDTH_LIMIT_RESPONSE_FILTER } from '../../proto/extension-names.ts';
import type { Route__Output } from '../../proto/generated/envoy/config/route/v3/Route.ts';
import type { BandwidthLimit__Output } from '../../proto/generated/envoy/extensions/filters/http/bandwidth_limit/v3/BandwidthLimit.ts';
import { BandwidthLimit, HeadBandwidthLimit } from '../filter/bandwidth-limit.ts';
import type { RequestFilter } from '../filter/request-filter.ts';
import type { BandwidthCounters, BandwidthEnvironment, BodyPace } from '../filter/shared-bandwidth.ts';
import { SharedBandwidth } from '../filter/shared-bandwidth.ts';
import { keptState } from './kept-state.ts';

/** `fill_interval` where it is absent (Envoy). */
const DEFAULT_FILL_MS = 50;

export interface BandwidthMemory extends BandwidthEnvironment {
  /** Of the whole sidecar. */
  readonly bandwidth: { readonly request: BandwidthCounters; readonly response: BandwidthCounters };
  /** By destination, direction and the bytes of the configuration. */
  readonly bandwidths: Map<string, WeakRef<SharedBandwidth>>;
  /** Processes among which a limit is divided. */
  readonly limitShare: number;
}

/** None where the route has none. */
export function compileBandwidthLimit(route: Route__Output, memory: BandwidthMemory): readonly RequestFilter[] {
  const ofRequest = limitOf(route, BANDWIDTH_LIMIT_REQUEST_FILTER);
  const ofResponse = limitOf(route, BANDWIDTH_LIMIT_RESPONSE_FILTER);
  if (ofRequest === null && ofResponse === null) return [];
  const request = ofRequest && compilePace(ofRequest, route, memory, 'request');
  const response = ofResponse && compilePace(ofResponse, route, memory, 'response');
  const hasTrailers = ofResponse?.enable_response_trailers === true;
  const prefix = hasTrailers ? ofResponse.response_trailer_prefix.toLowerCase() : null;
  const filter = new BandwidthLimit(request, response, prefix);
  return request === null ? [filter] : [new HeadBandwidthLimit(request), filter];
}

function limitOf(route: Route__Output, name: string): BandwidthLimit__Output | null {
  const packed = route.typed_per_filter_config[name];
  return packed === undefined
    ? null
    : unpackAs('envoy.extensions.filters.http.bandwidth_limit.v3.BandwidthLimit', packed);
}

function compilePace(
  { limit_kbps: kbps, fill_interval: interval }: BandwidthLimit__Output,
  route: Route__Output,
  memory: BandwidthMemory,
  direction: 'request' | 'response',
): BodyPace {
  const bytesPerSecond = (Number(kbps?.value) * 1024) / memory.limitShare; // validation asks for it
  const fillMs = interval === null ? DEFAULT_FILL_MS : timerMs(interval);
  const destination = route.route?.cluster ?? route.name;
  const key = `${destination} ${direction} ${bytesPerSecond} ${fillMs}`;
  const make = () => new SharedBandwidth(bytesPerSecond, fillMs, memory);
  return { bandwidth: keptState(memory.bandwidths, key, make), counters: memory.bandwidth[direction] };
}
