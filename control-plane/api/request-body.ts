import type { HonoRequest } from 'hono';
import { maxTextBytes } from '../model/parse-documents.ts';
import { ApiError } from './status.ts';

const formats: Readonly<Record<string, 'json' | 'yaml'>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/x-yaml': 'yaml',
  'text/yaml': 'yaml',
  'text/x-yaml': 'yaml',
};

/**
 * The body of a request as text, with what its Content-Type says it is.
 *
 * A body that declares more than 3 MiB is not read at all, one that turns out longer only that far: 413.
 * @throws ApiError 400 for bytes that are not UTF-8, 413, 415
 */
export async function readBody(request: HonoRequest): Promise<{ text: string; format: 'json' | 'yaml' }> {
  const [type = ''] = (request.header('content-type') ?? '').toLowerCase().split(';');
  const format = formats[type.trim()];
  if (format === undefined) {
    throw new ApiError('UnsupportedMediaType', 'send application/json or application/yaml');
  }
  if (request.header('content-encoding') !== undefined) {
    throw new ApiError('UnsupportedMediaType', 'send the body without Content-Encoding');
  }
  return { text: await readText(request), format };
}

async function readText(request: HonoRequest): Promise<string> {
  if (Number(request.header('content-length') ?? 0) > maxTextBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.raw.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxTextBytes) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new ApiError('BadRequest', 'the body is not UTF-8', null, { cause });
  }
}

function tooLarge(): ApiError {
  return new ApiError('RequestEntityTooLarge', 'a body has at most 3 MiB');
}
