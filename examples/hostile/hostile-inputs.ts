import { Buffer } from 'node:buffer';
import type { ConformanceCase } from '../../proxy/http1/testing/conformance/conformance-case.ts';
import { exchanges } from '../../proxy/http1/testing/conformance/exchanges.ts';
import { headerFields } from '../../proxy/http1/testing/conformance/header-fields.ts';
import { hopByHop } from '../../proxy/http1/testing/conformance/hop-by-hop.ts';
import { http10 } from '../../proxy/http1/testing/conformance/http10.ts';
import { requestFraming } from '../../proxy/http1/testing/conformance/request-framing.ts';
import { requestLines } from '../../proxy/http1/testing/conformance/request-lines.ts';
import { upgrades } from '../../proxy/http1/testing/conformance/upgrades.ts';
import { floods } from '../../proxy/http2/testing/floods.ts';
import { hostileRequests } from '../../proxy/http2/testing/hostile-requests.ts';
import { PREFACE, settings } from '../../proxy/http2/testing/wire.ts';
import { findTargets } from '../../proxy/testing/fuzz/find-targets.ts';
import { mutate } from '../../proxy/testing/fuzz/mutations.ts';
import type { SeededRandom } from '../../proxy/testing/fuzz/seeded-random.ts';
import type { HostileInput } from './hostile-input.ts';

/** Enough of a flood to be stopped for it. */
const FLOOD_TIMES = 2;
/** What goes out in one piece is read in one piece, so that nothing of it has been forwarded when its fault is found. */
const MAX_WHOLE_BYTES = 8000;

/** Everything that the tables of both codecs and the corpora of the fuzzers know. */
export class HostileInputs {
  readonly #known: readonly HostileInput[];
  readonly #refused: readonly HostileInput[];
  readonly #seeds: readonly Buffer[];
  readonly #tokens: readonly Buffer[];
  readonly #random: SeededRandom;
  #next = 0;
  #nextRefused = 0;

  private constructor(random: SeededRandom, seeds: readonly Buffer[], tokens: readonly Buffer[]) {
    this.#random = random;
    this.#seeds = seeds;
    this.#tokens = tokens;
    this.#known = [...http1Inputs(), ...http2Inputs()];
    this.#refused = this.#known.filter(({ mayPass }) => !mayPass);
  }

  static async load(random: SeededRandom): Promise<HostileInputs> {
    const targets = await findTargets();
    const bytes = (text: string) => Buffer.from(text, 'latin1');
    const seeds = targets.flatMap((target) => target.seeds ?? []).map(bytes);
    const tokens = targets.flatMap((target) => target.tokens ?? []).map(bytes);
    return new HostileInputs(random, seeds, tokens);
  }

  get count(): number {
    return this.#known.length;
  }

  /** One after the other, for ever. */
  known(): HostileInput {
    return this.#known[this.#next++ % this.#known.length] as HostileInput; // never empty
  }

  /** The same of those that no application may see anything of. */
  refused(): HostileInput {
    return this.#refused[this.#nextRefused++ % this.#refused.length] as HostileInput;
  }

  /** Something that nobody has thought of: a known input or a seed of a fuzzer, changed by chance. */
  mutated(): HostileInput {
    const base = this.#random.pick(this.#known);
    const seed = this.#random.pick(this.#seeds);
    const from = this.#random.below(4) === 0 ? seed : base.bytes;
    const keepsPreface = base.protocol === 'http2' && this.#random.below(8) > 0;
    const begin = keepsPreface ? PREFACE.length : 0;
    const changed = mutate(from.subarray(from === seed ? 0 : begin), this.#random, seed, this.#tokens);
    const bytes = keepsPreface ? Buffer.concat([PREFACE, changed]) : changed;
    return { name: `${base.name}, changed`, protocol: base.protocol, bytes, mayPass: true };
  }
}

function http1Inputs(): HostileInput[] {
  const rows = [requestLines, headerFields, hopByHop, requestFraming, exchanges, http10, upgrades].flat();
  return rows.map((row) => {
    const sent = row.steps.flatMap((step) => (step[0] === 'client sends' ? [step[1]] : []));
    const bytes = Buffer.from(sent.join(''), 'latin1');
    return { name: row.name, protocol: 'http1', bytes, mayPass: !isRefused(row) || bytes.length > MAX_WHOLE_BYTES };
  });
}

function isRefused({ steps, source }: ConformanceCase): boolean {
  // what a sidecar may say of a request, an application may not: refused by one of two
  if (source === 'trust in headers' || isJustTooLarge(steps)) return false;
  const reaches = steps.find(([kind]) => kind === 'upstream gets');
  return reaches !== undefined && reaches[1] === '';
}

/** One sidecar takes twenty headers more from another than from an application: room for those that it adds. */
function isJustTooLarge(steps: ConformanceCase['steps']): boolean {
  return steps.some(([kind, text]) => kind === 'client sends' && (text.match(/\r\n/g)?.length ?? 0) > 100);
}

function http2Inputs(): HostileInput[] {
  const begin = Buffer.concat([PREFACE, settings()]);
  const requests = hostileRequests.map(({ name, bytes }) => ({
    name,
    protocol: 'http2' as const,
    bytes: Buffer.concat([begin, bytes]),
    mayPass: bytes.length > MAX_WHOLE_BYTES || isAllowedToBegin(name),
  }));
  const flooding = floods.map(([name, most, next, before]): HostileInput => {
    const frames = Array.from({ length: FLOOD_TIMES * most }, (_, index) => next(index));
    const bytes = Buffer.concat([begin, before ?? Buffer.alloc(0), ...frames]);
    return { name, protocol: 'http2', bytes, mayPass: true };
  });
  return [...requests, ...flooding];
}

/** Requests that are well-formed until their last frame. */
function isAllowedToBegin(name: string): boolean {
  return name.includes('length and') || name.includes('trailers');
}
