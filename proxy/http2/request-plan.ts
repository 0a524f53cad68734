import type { HeaderTrust } from '../message/header-trust.ts';
import type { RequestHead } from '../message-head.ts';
import {
  RULE_ATTEMPT_COUNT,
  RULE_CONTENT_LENGTH,
  RULE_COOKIE,
  RULE_CUT,
  RULE_EXPECT_CONTINUE,
  RULE_GRPC_CONTENT,
  RULE_ORDINARY,
  RULE_PATH,
  RULE_PEER,
  RULE_REQUEST_ID,
  RULE_TRUSTED,
} from './field-rules.ts';
import type { HeaderField } from './hpack/header-field.ts';

/**
 * How a field list became a request head, for lists that differ from it in the values of a few fields: what does not
 * depend on them is put into the head as it was worked out then.
 *
 * A plan holds as long as every such field keeps its rule; then no other check of the mapping can come out differently.
 */
export class RequestPlan {
  readonly #endStream: boolean;
  readonly #trust: HeaderTrust;
  readonly #head: Readonly<RequestHead>;
  /** Fields whose values differ, by their place in the list, with the rules they must have. */
  readonly #places: readonly number[];
  readonly #rules: readonly number[];
  /** Pieces of the block, and between each two of them the field whose value stands there. */
  readonly #pieces: readonly string[];
  readonly #blockPlaces: readonly number[];
  /** Fields that are read into the head, -1 where their value does not differ. */
  readonly #path: number;
  readonly #requestId: number;
  readonly #peer: number;
  readonly #contentLength: number;

  private constructor(
    endStream: boolean,
    trust: HeaderTrust,
    head: RequestHead,
    fields: readonly HeaderField[],
    places: readonly number[],
    pieces: readonly string[],
    blockPlaces: readonly number[],
  ) {
    const lastOf = (rule: number): number => {
      const last = fields.findLastIndex((field) => field.rule === rule);
      return places.includes(last) ? last : -1;
    };
    this.#endStream = endStream;
    this.#trust = trust;
    this.#head = { ...head };
    this.#places = places;
    this.#rules = places.map((place) => fields[place]?.rule ?? -1);
    this.#pieces = pieces;
    this.#blockPlaces = blockPlaces;
    this.#path = lastOf(RULE_PATH);
    this.#requestId = lastOf(RULE_REQUEST_ID);
    this.#peer = trust === 'sidecar' ? lastOf(RULE_PEER) : -1;
    this.#contentLength = lastOf(RULE_CONTENT_LENGTH);
  }

  /**
   * The plan of a list that has just become `head`, where the fields at `places` may have other values the next time; null
   * when one of those says something that a plan cannot follow.
   */
  static of(
    fields: readonly HeaderField[],
    places: readonly number[],
    endStream: boolean,
    trust: HeaderTrust,
    head: RequestHead,
  ): RequestPlan | null {
    const pieces: string[] = [];
    const blockPlaces: number[] = [];
    let piece = head.block.slice(0, head.block.indexOf('\r\n') + 2);
    let cookie = '';
    for (const [place, field] of fields.entries()) {
      const isValue = places.includes(place);
      if (field.rule === RULE_COOKIE && !isValue) {
        cookie = cookie === '' ? `cookie: ${field.value}` : `${cookie}; ${field.value}`;
      } else if (isForwarded(field.rule, trust)) {
        if (isValue) {
          if (field.rule === RULE_EXPECT_CONTINUE) return null;
          pieces.push(`${piece}${field.name}: `);
          blockPlaces.push(place);
          piece = '\r\n';
        } else {
          piece += field.line;
        }
      } else if (isValue && !isUnderstood(field.rule)) {
        return null;
      }
    }
    pieces.push(cookie === '' ? piece : `${piece}${cookie}\r\n`);
    const plan = new RequestPlan(endStream, trust, head, fields, places, pieces, blockPlaces);
    return plan.#block(fields) === head.block ? plan : null;
  }

  /** Fills in the head of a list with the same fields; false when the list has to be read as if it were new. */
  fill(
    fields: readonly HeaderField[],
    endStream: boolean,
    trust: HeaderTrust,
    maxTargetBytes: number,
    head: RequestHead,
  ): boolean {
    if (endStream !== this.#endStream || trust !== this.#trust) return false;
    for (let i = 0; i < this.#places.length; i++) {
      if ((fields[this.#places[i] as number] as HeaderField).rule !== this.#rules[i]) return false;
    }
    const known = this.#head;
    const path = this.#path < 0 ? known.path : valueAt(fields, this.#path);
    if (path.length > maxTargetBytes) return false;
    let { contentLength } = known;
    if (this.#contentLength >= 0) {
      contentLength = Number(valueAt(fields, this.#contentLength));
      if (contentLength === 0 || known.contentLength === 0) return false;
    }
    head.protocol = 'HTTP/2';
    head.method = known.method;
    head.scheme = known.scheme;
    head.path = path;
    head.authority = known.authority;
    head.isAbsoluteForm = false;
    head.block = this.#blockPlaces.length === 0 ? known.block : this.#block(fields);
    head.framing = known.framing;
    head.contentLength = contentLength;
    head.body = '';
    head.isComplete = endStream;
    head.keepAlive = true;
    head.upgrade = known.upgrade;
    head.isGrpc = known.isGrpc;
    head.expectsContinue = known.expectsContinue;
    head.peerMetadata = this.#peer < 0 ? known.peerMetadata : valueAt(fields, this.#peer);
    head.hops = known.hops;
    head.hasControls = known.hasControls;
    head.requestId = this.#requestId < 0 ? known.requestId : valueAt(fields, this.#requestId);
    return true;
  }

  #block(fields: readonly HeaderField[]): string {
    let block = this.#pieces[0] as string;
    for (let i = 0; i < this.#blockPlaces.length; i++) {
      block += valueAt(fields, this.#blockPlaces[i] as number) + (this.#pieces[i + 1] as string);
    }
    return block;
  }
}

function valueAt(fields: readonly HeaderField[], place: number): string {
  return (fields[place] as HeaderField).value;
}

/** Whether a field with this rule stands in the block. */
function isForwarded(rule: number, trust: HeaderTrust): boolean {
  switch (rule) {
    case RULE_ORDINARY:
    case RULE_TRUSTED:
    case RULE_CONTENT_LENGTH:
    case RULE_REQUEST_ID:
    case RULE_GRPC_CONTENT:
    case RULE_EXPECT_CONTINUE:
      return true;
    case RULE_ATTEMPT_COUNT:
      return trust === 'sidecar';
    default:
      return false;
  }
}

/** Whether a plan can follow another value of a field that is not in the block. */
function isUnderstood(rule: number): boolean {
  return rule === RULE_PATH || rule === RULE_PEER || rule === RULE_ATTEMPT_COUNT || rule === RULE_CUT;
}
