import type { Failure } from '../failure.ts';
import type { RequestHead } from '../message-head.ts';
import type { HttpSettings } from './http-settings.ts';
import { normalizePath } from './path-normalization.ts';

/**
 * What the listener's settings ask of every request before it is routed: the path in its normal form, and header names
 * without underscores where they are not wanted. Changes `head`, which is what is matched and forwarded; answers why the
 * request is refused, or null.
 */
export function applyHeadRules(head: RequestHead, settings: HttpSettings): Failure | null {
  if (settings.pathNormalization !== null && head.method !== 'CONNECT') {
    const path = normalizePath(head.path, settings.pathNormalization);
    if (path === null) return 'pathRefused';
    head.path = path;
  }
  if (settings.headersWithUnderscores === 'allow' || !head.block.includes('_')) return null;
  const kept = head.block.replace(underscoreLine, '');
  if (kept === head.block) return null;
  if (settings.headersWithUnderscores === 'reject') return 'underscoreRefused';
  head.block = kept;
  return null;
}

const underscoreLine = /^[^:_\r\n]*_[^:\r\n]*:[^\r\n]*\r\n/gm;
