import { ipOf } from '../message/source-address.ts';
import { headerValues } from '../message-head.ts';
import type { FilteredRequest } from './request-filter.ts';

/** What of a request becomes an entry of a descriptor; null where it has no such thing. */
export interface DescriptorSource {
  readonly key: string;
  valueOf(request: FilteredRequest): string | null;
}

/** One rule: the entries that it makes of a request. Where one of them is missing it is not for the request. */
export type DescriptorRule = readonly DescriptorSource[];

/** Longer values, which nobody limits by, share a count. */
const MAX_VALUE_LENGTH = 256;

/** Values of the entries, in their order; null for a request that the rule is not for. */
export function valuesOf(rule: DescriptorRule, request: FilteredRequest): readonly string[] | null {
  const values: string[] = [];
  for (const source of rule) {
    const value = source.valueOf(request);
    if (value === null) return null;
    values.push(value.slice(0, MAX_VALUE_LENGTH));
  }
  return values;
}

/** The same for every request (Envoy `generic_key`). */
export function genericKey(key: string, value: string): DescriptorSource {
  return { key, valueOf: () => value };
}

/** Value of a header; of one that stands there several times all values, joined (Envoy `request_headers`). */
export function requestHeader(key: string, name: string): DescriptorSource {
  const lower = name.toLowerCase();
  return { key, valueOf: ({ head }) => headerValues(head.block, lower) };
}

/** A condition on a header. */
export interface HeaderTest {
  /** Characters of the longest value that is tried. */
  readonly maxLength: number;
  matches(head: FilteredRequest['head']): boolean;
  /** Whether the value is longer than that. */
  isUnknown(head: FilteredRequest['head']): boolean;
}

/**
 * A fixed value for requests with all of the headers, or without one of them (Envoy `header_value_match`). A value that is too
 * long for its pattern counts as what is asked for, either way: else a long query would lead past a limit.
 */
export function headerMatch(
  key: string,
  value: string,
  expected: boolean,
  matchers: readonly HeaderTest[],
): DescriptorSource {
  const bounded = matchers.filter(({ maxLength }) => maxLength !== Number.POSITIVE_INFINITY);
  if (bounded.length > 0) {
    return {
      key,
      valueOf: ({ head }) =>
        bounded.some((matcher) => matcher.isUnknown(head)) ||
        matchers.every((matcher) => matcher.matches(head)) === expected
          ? value
          : null,
    };
  }
  return {
    key,
    valueOf: ({ head }) => (matchers.every((matcher) => matcher.matches(head)) === expected ? value : null),
  };
}

/** The IP address of the client (Envoy `remote_address`). */
export const remoteAddress: DescriptorSource = {
  key: 'remote_address',
  valueOf: ({ peer }) => ipOf(peer.address) || null,
};

/** The SPIFFE id that the client's certificate proved. */
export const peerPrincipal: DescriptorSource = {
  key: 'peer_principal',
  valueOf: ({ peer }) => peer.principal || null,
};

/** The same, of one client alone. */
export function exactPrincipal(id: string): DescriptorSource {
  return { key: 'peer_principal', valueOf: ({ peer }) => (peer.principal === id ? id : null) };
}
