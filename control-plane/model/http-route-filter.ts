import { z } from 'zod';
import { isProtectedHeader } from '../../proto/protected-headers.ts';
import { corsSchema } from './cors.ts';
import { crossCheck } from './cross-check.ts';
import { headerNameSchema, headerValueSchema, pathFault, pathTextSchema } from './http-route-match.ts';
import { portNumberSchema, subdomainSchema } from './metadata.ts';
import { supportedWord } from './not-yet-supported.ts';
import { groupSchema, kindSchema } from './object-reference.ts';
import { reportRepeatedNames } from './repeated-names.ts';
import { requestMirrorSchema } from './request-mirror.ts';

/** Host has its own refusals below, which say what to write instead. */
const modifiableHeaderSchema = headerNameSchema.refine((name) => {
  const lowerCaseName = String(name).toLowerCase();
  return lowerCaseName === 'host' || !isProtectedHeader(lowerCaseName);
}, 'this header belongs to the connection and cannot be changed by a rule');

const headerSchema = z.object({ name: modifiableHeaderSchema, value: headerValueSchema });

/** Order of work, as Gateway API has it: `set` replaces, `add` appends, `remove` drops. */
const headerModifierSchema = z
  .object({
    set: z.array(headerSchema).max(16, 'at most 16 headers').default([]),
    add: z.array(headerSchema).max(16, 'at most 16 headers').default([]),
    remove: z.array(modifiableHeaderSchema).max(16, 'at most 16 headers').default([]),
  })
  .check(
    crossCheck(['set', 'add', 'remove'], ({ set, add, remove }, report) => {
      const lists = { set: set.map(({ name }) => name), add: add.map(({ name }) => name), remove };
      for (const [field, names] of Object.entries(lists)) {
        reportRepeatedNames(
          names.map((name) => name.toLowerCase()),
          (index, name) =>
            report(field === 'remove' ? [field, index] : [field, index, 'name'], `header ${name} is named twice`),
        );
      }
      if (set.length + add.length + remove.length === 0)
        report([], 'name at least one header under set, add or remove');
    }),
  );

/** A header modifier of a request: Host is rewritten by its own filter, which also changes what routing sees. */
const requestHeaderModifierSchema = headerModifierSchema.check(
  crossCheck(['set', 'add', 'remove'], ({ set, add, remove }, report) => {
    const isHost = (name: string) => name.toLowerCase() === 'host';
    for (const [index, { name }] of set.entries()) {
      if (isHost(name)) report(['set', index, 'name'], 'to change Host write a URLRewrite filter with hostname');
    }
    for (const [index, { name }] of add.entries()) {
      if (isHost(name)) report(['add', index, 'name'], 'a request has one Host');
    }
    for (const [index, name] of remove.entries()) {
      if (isHost(name)) report(['remove', index], 'a request needs its Host');
    }
  }),
);

const responseHeaderModifierSchema = headerModifierSchema.check(
  crossCheck(['set', 'add', 'remove'], ({ set, add, remove }, report) => {
    const names = { set: set.map(({ name }) => name), add: add.map(({ name }) => name), remove };
    for (const [field, list] of Object.entries(names)) {
      const index = list.findIndex((name) => name.toLowerCase() === 'host');
      const path = field === 'remove' ? [field, index] : [field, index, 'name'];
      if (index >= 0) report(path, 'Host is a header of requests');
    }
  }),
);

const pathModifierSchema = z
  .object({
    type: z.enum(['ReplaceFullPath', 'ReplacePrefixMatch']),
    /** Takes the place of the whole path; the query stays. */
    replaceFullPath: pathTextSchema.optional(),
    /** Takes the place of the matched prefix; "" and "/" both mean that the prefix goes. */
    replacePrefixMatch: pathTextSchema.optional(),
  })
  .check(
    crossCheck(['type', 'replaceFullPath', 'replacePrefixMatch'], (modifier, report) => {
      const { wanted, other } =
        modifier.type === 'ReplaceFullPath'
          ? ({ wanted: 'replaceFullPath', other: 'replacePrefixMatch' } as const)
          : ({ wanted: 'replacePrefixMatch', other: 'replaceFullPath' } as const);
      const path = modifier[wanted];
      if (path === undefined) report([], `missing field ${wanted}: type ${modifier.type} needs it`);
      if (modifier[other] !== undefined) report([other], `${other} does not go with type ${modifier.type}`);
      const fault = path === undefined || path === '' ? null : pathFault(path);
      if (fault !== null) report([wanted], fault);
    }),
  );

/** Answers with a redirect instead of forwarding. What is left out is taken from the request. */
const requestRedirectSchema = z.object({
  scheme: z.enum(['http', 'https']).optional(),
  hostname: subdomainSchema.optional(),
  path: pathModifierSchema.optional(),
  /** When left out: the scheme's own port if `scheme` is set, else the port the request came to. */
  port: portNumberSchema.optional(),
  /** Default 302, as in Gateway API (Envoy's is 301). */
  statusCode: z
    .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)], {
      error: 'write 301, 302, 303, 307 or 308',
    })
    .default(302),
});

const urlRewriteSchema = z.object({ hostname: subdomainSchema.optional(), path: pathModifierSchema.optional() }).check(
  crossCheck(['hostname', 'path'], ({ hostname, path }, report) => {
    if (hostname === undefined && path === undefined) report([], 'write hostname, path or both');
  }),
);

const filterTypes = [
  'RequestHeaderModifier',
  'ResponseHeaderModifier',
  'RequestMirror',
  'RequestRedirect',
  'URLRewrite',
  'CORS',
  'ExtensionRef',
] as const;
const laterFilterTypes = ['ExternalAuth'];

/** A filter of our own, HTTPRouteFilter of group heddle.dev, in the route's namespace. */
const extensionRefSchema = z.object({ group: groupSchema, kind: kindSchema, name: subdomainSchema });

/** Type of a filter → the field that holds its settings. */
const filterFields = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  RequestMirror: 'requestMirror',
  CORS: 'cors',
  ExtensionRef: 'extensionRef',
  ExternalAuth: 'externalAuth',
} as const;

/** One step that a rule takes with a request or its response. */
export const httpRouteFilterSchema = z
  .object({
    type: supportedWord(filterTypes, laterFilterTypes),
    requestHeaderModifier: requestHeaderModifierSchema.optional(),
    responseHeaderModifier: responseHeaderModifierSchema.optional(),
    requestRedirect: requestRedirectSchema.optional(),
    urlRewrite: urlRewriteSchema.optional(),
    requestMirror: requestMirrorSchema.optional(),
    cors: corsSchema.optional(),
    extensionRef: extensionRefSchema.optional(),
    // settings of a type that is refused by name above
    externalAuth: z.unknown().optional(),
  })
  .check(
    crossCheck(['type'], (filter, report) => {
      for (const [type, field] of Object.entries(filterFields)) {
        const present = filter[field] !== undefined;
        if (filter.type === type && !present) report([], `missing field ${field}: type ${type} needs it`);
        if (filter.type !== type && present) report([field], `${field} does not go with type ${filter.type}`);
      }
    }),
  );

export type HttpRouteFilter = z.output<typeof httpRouteFilterSchema>;
export type HeaderModifier = z.output<typeof headerModifierSchema>;
export type PathModifier = z.output<typeof pathModifierSchema>;

const backendFilterTypes = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'URLRewrite'] as const;

/**
 * A step for the requests that go to one backend, after those of the rule: where both change one header, the backend's change
 * stays, and so do its host and its path, which take the place of the rule's. Other filters hold for a whole rule, as in Envoy:
 * whether a request is redirected or copied is decided before a backend is chosen.
 */
export const backendFilterSchema = z
  .object({
    type: z.enum(backendFilterTypes, {
      error: ({ input }) =>
        Object.hasOwn(filterFields, String(input))
          ? `${input} is a filter of rules: write it under the rule's filters`
          : undefined,
    }),
    requestHeaderModifier: requestHeaderModifierSchema.optional(),
    responseHeaderModifier: responseHeaderModifierSchema.optional(),
    urlRewrite: urlRewriteSchema.optional(),
    // settings of types that are refused by name above
    requestRedirect: z.unknown().optional(),
    requestMirror: z.unknown().optional(),
    cors: z.unknown().optional(),
    extensionRef: z.unknown().optional(),
    externalAuth: z.unknown().optional(),
  })
  .check(
    crossCheck(['type'], (filter, report) => {
      for (const type of backendFilterTypes) {
        const field = filterFields[type];
        const present = filter[field] !== undefined;
        if (filter.type === type && !present) report([], `missing field ${field}: type ${type} needs it`);
        if (filter.type !== type && present) report([field], `${field} does not go with type ${filter.type}`);
      }
    }),
  );

export type BackendFilter = z.output<typeof backendFilterSchema>;

const grpcFilterTypes = ['RequestHeaderModifier', 'ResponseHeaderModifier', 'RequestMirror', 'ExtensionRef'] as const;

/** One step that a rule of a GRPCRoute takes. */
export const grpcRouteFilterSchema = z
  .object({
    type: z.enum(grpcFilterTypes),
    requestHeaderModifier: requestHeaderModifierSchema.optional(),
    responseHeaderModifier: responseHeaderModifierSchema.optional(),
    requestMirror: requestMirrorSchema.optional(),
    extensionRef: extensionRefSchema.optional(),
  })
  .check(
    crossCheck(['type'], (filter, report) => {
      for (const type of grpcFilterTypes) {
        const field = filterFields[type];
        const present = filter[field] !== undefined;
        if (filter.type === type && !present) report([], `missing field ${field}: type ${type} needs it`);
        if (filter.type !== type && present) report([field], `${field} does not go with type ${filter.type}`);
      }
    }),
  );

/** Copies may go to several backends, and extensions may be of several kinds. */
export function mayBeRepeated(type: string): boolean {
  return type === 'RequestMirror' || type === 'ExtensionRef';
}
