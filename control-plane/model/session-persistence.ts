import { z } from 'zod';
import { isProtectedHeader } from '../../proto/protected-headers.ts';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { durationMs, durationSchema, optionalDurationMs } from './gateway-duration.ts';
import { headerNameSchema } from './http-route-match.ts';
import { cookieNameSchema } from './traffic-policy/load-balancer.ts';

/** Tokens count seconds. */
const sessionTimeSchema = durationSchema
  .refine((text) => durationMs(String(text)) >= 1000, 'write a duration of at least 1s')
  .optional();

const lifetimeSchema = z.enum(['Session', 'Permanent']).optional();

/**
 * A client that was answered by an instance is answered by the same one as long as that is there and well; otherwise by
 * another, with which it then stays.
 *
 * Fields are those of Gateway API both as released up to 1.4 (`sessionName`, `cookieConfig`) and as they are now (`cookie`,
 * `header`). Without a name the cookie or header is named after the route.
 *
 * Source: GEP-1619, experimental in Gateway API.
 */
export const sessionPersistenceSchema = z
  .object({
    /** Default Cookie. */
    type: z.enum(['Cookie', 'Header']).optional(),
    sessionName: boundedText('a session name', 128, {
      pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
      hint: "a session name has letters, digits and !#$%&'*+.^_`|~-",
    }).optional(),
    /** From the first answer on; a permanent cookie lasts as long. Without it a session has no end. */
    absoluteTimeout: sessionTimeSchema,
    /** A client that does not come for so long is a new one. Each of its requests begins this time anew. */
    idleTimeout: sessionTimeSchema,
    cookieConfig: z.object({ lifetimeType: lifetimeSchema }).optional(),
    cookie: z
      .object({
        name: cookieNameSchema.optional(),
        /** Default `/`. */
        path: boundedText('a path', 1024, {
          pattern: /^\/[\x21-\x3a\x3c-\x7e]*$/,
          hint: 'a path begins with "/" and has no spaces and no ";"',
        }).optional(),
        /** Default Session: until the client forgets it. */
        lifetimeType: lifetimeSchema,
      })
      .optional(),
    header: z.object({ name: headerNameSchema }).optional(),
  })
  .check(
    crossCheck(['absoluteTimeout', 'idleTimeout'], ({ absoluteTimeout, idleTimeout }, report) => {
      if (absoluteTimeout === undefined || idleTimeout === undefined) return;
      if (durationMs(idleTimeout) > durationMs(absoluteTimeout)) {
        report(['idleTimeout'], `a session of ${absoluteTimeout} cannot be idle for ${idleTimeout}`);
      }
    }),
  )
  .check(
    crossCheck(['type', 'sessionName', 'absoluteTimeout', 'cookieConfig', 'cookie', 'header'], (written, report) => {
      const { type = 'Cookie', sessionName, absoluteTimeout, cookieConfig, cookie, header } = written;
      for (const field of ['cookie', 'cookieConfig'] as const) {
        if (type !== 'Cookie' && written[field] !== undefined) report([field], `${field} needs type Cookie`);
      }
      if (type !== 'Header' && header !== undefined) report(['header'], 'header needs type Header');
      if (type === 'Header' && isProtected(sessionName)) report(['sessionName'], notTheUsers);
      if (type === 'Header' && isProtected(header?.name)) report(['header', 'name'], notTheUsers);
      if (sessionName !== undefined && (cookie?.name !== undefined || header !== undefined)) {
        report(['sessionName'], 'the session has two names: write one of them');
      }
      if (cookieConfig?.lifetimeType !== undefined && cookie?.lifetimeType !== undefined) {
        report(['cookieConfig'], 'cookieConfig and cookie say the same: write one of them');
      }
      const lifetime = cookie?.lifetimeType ?? cookieConfig?.lifetimeType;
      if (lifetime === 'Permanent' && absoluteTimeout === undefined) {
        report(['absoluteTimeout'], 'a permanent cookie needs absoluteTimeout: how long it lasts');
      }
    }),
  );

const notTheUsers = 'this header belongs to the connection and cannot be changed by a rule';

/** A sidecar would write it into answers. */
function isProtected(name: string | undefined): boolean {
  return name !== undefined && isProtectedHeader(name.toLowerCase());
}

export type SessionPersistence = z.output<typeof sessionPersistenceSchema>;

/** The same with nothing left open. Times of 0 are no bound. */
export type EffectiveSession = {
  readonly name: string;
  readonly absoluteMs: number;
  readonly idleMs: number;
} & ({ readonly kind: 'cookie'; readonly path: string; readonly isPermanent: boolean } | { readonly kind: 'header' });

/** `defaultName` is that of a session that has none. */
export function effectiveSession(written: SessionPersistence, defaultName: string): EffectiveSession {
  const { type = 'Cookie', sessionName, cookieConfig, cookie, header } = written;
  const times = {
    absoluteMs: optionalDurationMs(written.absoluteTimeout) ?? 0,
    idleMs: optionalDurationMs(written.idleTimeout) ?? 0,
  };
  if (type === 'Header') return { kind: 'header', name: header?.name ?? sessionName ?? defaultName, ...times };
  const lifetime = cookie?.lifetimeType ?? cookieConfig?.lifetimeType ?? 'Session';
  return {
    kind: 'cookie',
    name: cookie?.name ?? sessionName ?? defaultName,
    path: cookie?.path ?? '/',
    isPermanent: lifetime === 'Permanent',
    ...times,
  };
}
