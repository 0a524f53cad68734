import type { ResponseHead } from '../../message-head.ts';
import type { RequestPlan } from '../request-plan.ts';
import type { HeaderField } from './header-field.ts';

/** Bounds of one field list, the same as those of an HTTP/1 head: Envoy's names and defaults. */
export interface FieldLimits {
  /** `max_request_headers_kb`: decoded octets plus 32 for each field (RFC 9113 section 6.5.2). Default 60 KiB. */
  readonly maxHeadBytes: number;
  /**
   * `max_headers_count`: every field as it is decoded, cookie crumbs included, and `:authority`, which is the `Host` of
   * HTTP/1. What stands in the first line of HTTP/1 (method, path, status) is not counted, as it is not there: a message
   * within the limit in one version is within it in the other. Default 100.
   */
  readonly maxHeaders: number;
}

export const defaultFieldLimits: FieldLimits = { maxHeadBytes: 61_440, maxHeaders: 100 };

/** A response that was read from a list, for as long as nothing in the list changes. */
export interface KnownResponse {
  readonly changes: number;
  readonly endStream: boolean;
  readonly method: string;
  readonly head: Readonly<ResponseHead>;
}

/**
 * A decoded field section: `fields[0, count)`. It belongs to the decoder and is valid until its next call; nobody else
 * writes to the fields.
 */
export class FieldList {
  readonly fields: HeaderField[] = [];
  count = 0;
  /** Those of them that count against `maxHeaders`. */
  headers = 0;
  /** Sum of the sizes of all fields, those that were not stored included. */
  size = 0;
  /** The list went over its limits: `fields` is not the whole of it, and the stream must be refused. */
  tooLarge = false;
  /** Of a list that will come again with other values: which fields those are. Null for a list that is used once. */
  readonly places: readonly number[] | null;
  /** How such a list became a request; `undefined` until it has, null when no plan is possible. */
  plan: RequestPlan | null | undefined = undefined;
  /** How such a list became a response; null until it has. */
  response: KnownResponse | null = null;
  /** Grows when a value of such a list is replaced. */
  changes = 0;

  constructor(places: readonly number[] | null = null) {
    this.places = places;
  }
}
