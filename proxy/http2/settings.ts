import { FLOW_CONTROL_ERROR, NO_ERROR, PROTOCOL_ERROR } from './error-codes.ts';
import { MAX_UINT31, uint32At } from './frames.ts';

/** Identifiers of settings (RFC 9113 section 6.5.2, RFC 8441 section 3). */
export const HEADER_TABLE_SIZE = 1;
export const ENABLE_PUSH = 2;
export const MAX_CONCURRENT_STREAMS = 3;
export const INITIAL_WINDOW_SIZE = 4;
export const MAX_FRAME_SIZE = 5;
export const MAX_HEADER_LIST_SIZE = 6;
export const ENABLE_CONNECT_PROTOCOL = 8;

/** What the peer has told of itself; the protocol's defaults until it does. */
export class PeerSettings {
  headerTableSize = 4096;
  /** Unlimited by the protocol; until the peer says, as many as every peer should take (RFC 9113 section 6.5.2). */
  maxConcurrentStreams = 100;
  initialWindowSize = 65_535;
  enableConnectProtocol = false;

  /**
   * Takes the settings in `bytes[start, end)`, whose length is a multiple of six; answers an error code when one has a
   * value that it must not have. `isServer`: the peer is a server.
   */
  apply(bytes: Uint8Array, start: number, end: number, isServer: boolean): number {
    for (let at = start; at < end; at += 6) {
      const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number); // within the payload
      const code = this.#applyOne(id, uint32At(bytes, at + 2), isServer);
      if (code !== NO_ERROR) return code;
    }
    return NO_ERROR;
  }

  #applyOne(id: number, value: number, isServer: boolean): number {
    switch (id) {
      case HEADER_TABLE_SIZE:
        this.headerTableSize = value;
        return NO_ERROR;
      case ENABLE_PUSH:
        // a server must not ask for what only it can do
        return value > (isServer ? 0 : 1) ? PROTOCOL_ERROR : NO_ERROR;
      case MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        return NO_ERROR;
      case INITIAL_WINDOW_SIZE:
        if (value > MAX_UINT31) return FLOW_CONTROL_ERROR;
        this.initialWindowSize = value;
        return NO_ERROR;
      case MAX_FRAME_SIZE:
        // larger frames than the smallest bound are never sent, so the value itself does not matter
        return value < 16_384 || value > 16_777_215 ? PROTOCOL_ERROR : NO_ERROR;
      case ENABLE_CONNECT_PROTOCOL:
        if (value > 1 || (this.enableConnectProtocol && value === 0)) return PROTOCOL_ERROR;
        this.enableConnectProtocol = value === 1;
        return NO_ERROR;
      default:
        return NO_ERROR; // unknown ones are ignored
    }
  }
}
