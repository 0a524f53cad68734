import type { MiddlewareHandler } from 'hono';
import type { AdminTokens } from './admin-tokens.ts';
import { ApiError } from './status.ts';

/** Longer tokens are not looked at. Join tokens, which come here by mistake, have up to 8 KiB. */
const maxTokenLength = 8192;

/**
 * Lets a request pass that carries `Authorization: Bearer` with an admin token (RFC 6750). Nothing else counts: no cookie
 * and no query parameter, so that no foreign page can make a browser send it.
 */
export function requireAdmin(tokens: AdminTokens): MiddlewareHandler {
  return async (context, next) => {
    const header = context.req.header('authorization') ?? '';
    const [, token] = /^Bearer +([^\s]+)$/i.exec(header.slice(0, maxTokenLength + 8)) ?? [];
    if (token === undefined) {
      throw new ApiError('Unauthorized', 'this API wants an admin token: Authorization: Bearer <token>');
    }
    if (tokens.includes(token)) return next();
    if (token.split('.').length === 3) {
      throw new ApiError('Forbidden', 'this is a join token: it lets a sidecar join and opens nothing here');
    }
    throw new ApiError('Unauthorized', 'this admin token is not one of this control plane');
  };
}
