/**
 * Bounds of one HTTP/2 connection. Names and numbers are those of Envoy's `Http2ProtocolOptions` where it has one; the
 * reasons are the attacks named with each. A limit that is hit ends the connection: GOAWAY(ENHANCE_YOUR_CALM), and the
 * socket is destroyed within a second, whether or not the peer listens.
 */
export interface Http2Limits {
  /** Streams that a client may have open; one more is refused, which is safe to retry. Default 1024. */
  readonly maxConcurrentStreams: number;
  /**
   * Bytes that a peer may send on one stream before we have passed them on; `initial_stream_window_size`. Default 256 KiB.
   *
   * Envoy's 16 MiB lets one stream fill memory: what a stream can hold back is this window, and what it can carry is one
   * window per round trip, 500 MB/s at half a millisecond. Measured with bodies of 1 MiB, one at a time: 1.3 ms of CPU each
   * at 64 KiB, 1.0 at 128 KiB, 0.65 at 256 KiB and no less beyond it; with 32 at a time the window makes no difference.
   */
  readonly initialStreamWindowSize: number;
  /**
   * The same for all streams of a connection together; `initial_connection_window_size`. Default 1 MiB.
   *
   * Bytes that a paused stream holds are given back to the connection all the same, so that it stops nobody else, as long
   * as all paused streams hold no more than this; a connection therefore never holds more than twice as much.
   */
  readonly initialConnectionWindowSize: number;
  /** Frames written and not yet taken by the kernel; `max_outbound_frames`. Default 10 000 (CVE-2019-9517). */
  readonly maxOutboundFrames: number;
  /** PING, SETTINGS and RST_STREAM among them; `max_outbound_control_frames`. Default 1000 (CVE-2019-9512, -9514, -9515). */
  readonly maxOutboundControlFrames: number;
  /**
   * HEADERS, CONTINUATION and DATA in a row without payload and without END_STREAM;
   * `max_consecutive_inbound_frames_with_empty_payload`. Default 1 (CVE-2019-9518).
   */
  readonly maxConsecutiveInboundFramesWithEmptyPayload: number;
  /**
   * PRIORITY frames within a second for each stream that is open now, and as many for the connection;
   * `max_inbound_priority_frames_per_stream`. Default 100.
   */
  readonly maxInboundPriorityFramesPerStream: number;
  /**
   * WINDOW_UPDATE frames for each DATA frame that we have sent; 5 more for the connection and 2 for each stream that it
   * has had; `max_inbound_window_update_frames_per_data_frame_sent`. Default 10.
   */
  readonly maxInboundWindowUpdateFramesPerDataFrameSent: number;
  /**
   * Streams that the client resets, or makes us reset, at once, and how many more each second. Default 1000 and 33, as in
   * nghttp2 (CVE-2023-44487 "rapid reset", CVE-2025-8671 "made you reset").
   */
  readonly maxResetBurst: number;
  readonly resetsPerSecond: number;
  /**
   * PING, SETTINGS and unknown frames at once, and how many more each second; each HEADERS or DATA frame that we send
   * allows one more. Default 1000 and 33: clients that measure the round trip with PING do it once per answer.
   */
  readonly maxControlBurst: number;
  readonly controlsPerSecond: number;
  /** CONTINUATION frames of one header block. Default 8, as in nghttp2 (CVE-2024-27316). */
  readonly maxContinuations: number;
  /** Bytes of one header block as they are on the wire. Default 64 KiB, or as many as its fields may have decoded. */
  readonly maxHeaderBlockBytes: number;
}

export const defaultHttp2Limits: Http2Limits = {
  maxConcurrentStreams: 1024,
  initialStreamWindowSize: 262_144,
  initialConnectionWindowSize: 1_048_576,
  maxOutboundFrames: 10_000,
  maxOutboundControlFrames: 1000,
  maxConsecutiveInboundFramesWithEmptyPayload: 1,
  maxInboundPriorityFramesPerStream: 100,
  maxInboundWindowUpdateFramesPerDataFrameSent: 10,
  maxResetBurst: 1000,
  resetsPerSecond: 33,
  maxControlBurst: 1000,
  controlsPerSecond: 33,
  maxContinuations: 8,
  maxHeaderBlockBytes: 65_536,
};
