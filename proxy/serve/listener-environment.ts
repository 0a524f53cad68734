import { performance } from 'node:perf_hooks';
import type { Failure } from '../failure.ts';
import type { ForwardEnvironment, Recorder, RequestShedding, RouteSource } from '../forward/forward-environment.ts';
import type { ResolvePassthrough } from '../forward/forward-tcp-upstream.ts';
import type { FailureContext, LocalReply } from '../forward/local-reply.ts';
import type { TcpEnvironment, TcpRecorder } from '../forward-tcp.ts';
import type { HttpSettings } from '../message/http-settings.ts';
import type { TimerWheel } from '../resilience/timer-wheel.ts';
import type { CoarseClock } from '../transport/coarse-clock.ts';

/** What all listeners of one sidecar have in common. */
export interface SharedEnvironment {
  readonly overload: RequestShedding;
  readonly wheel: TimerWheel;
  readonly clock: CoarseClock;
  readonly ownPeerMetadata: string;
  readonly recorder: Recorder;
  readonly tcpRecorder: TcpRecorder;
  readonly resolvePassthrough: ResolvePassthrough;
  readonly describe: (failure: Failure, context: Omit<FailureContext, 'answeredBy' | 'remedy'>) => LocalReply;
}

/**
 * Hot loop: bench/load (scenarios http1-plain and http1-mtls).
 *
 * What a listener gives to its exchanges. A class and not an object literal: every evaluation of a literal with a getter makes
 * a shape of its own, and each request would look its fields up by name.
 */
export class ListenerEnvironment implements ForwardEnvironment, TcpEnvironment {
  readonly direction: 'outbound' | 'inbound';
  readonly countsHops: boolean;
  readonly routes: RouteSource;
  readonly overload: RequestShedding;
  readonly wheel: TimerWheel;
  readonly clock: CoarseClock;
  readonly random = Math.random;
  readonly ownPeerMetadata: string;
  readonly recorder: Recorder;
  readonly tcpRecorder: TcpRecorder;
  /** Values and not methods: whoever looks for an upstream is handed the function alone. */
  readonly resolvePassthrough: SharedEnvironment['resolvePassthrough'];
  readonly describe: SharedEnvironment['describe'];
  readonly #http: { readonly current: HttpSettings };

  constructor(
    direction: 'outbound' | 'inbound',
    routes: RouteSource,
    http: { readonly current: HttpSettings },
    shared: SharedEnvironment,
  ) {
    this.direction = direction;
    this.countsHops = direction === 'outbound';
    this.routes = routes;
    this.overload = shared.overload;
    this.wheel = shared.wheel;
    this.clock = shared.clock;
    this.ownPeerMetadata = shared.ownPeerMetadata;
    this.recorder = shared.recorder;
    this.tcpRecorder = shared.tcpRecorder;
    this.resolvePassthrough = shared.resolvePassthrough;
    this.describe = shared.describe;
    this.#http = http;
  }

  get http(): HttpSettings {
    return this.#http.current;
  }

  now(): number {
    return performance.now();
  }
}
