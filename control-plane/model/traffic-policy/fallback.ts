import { z } from 'zod';
import { boundedText } from '../bounded-text.ts';
import { crossCheck } from '../cross-check.ts';
import { backendReferenceShape, requirePort } from '../object-reference.ts';
import { countSchema } from './fields.ts';

/**
 * What callers do with requests of which nothing was sent because the circuit is open (`UO`) or no instance is healthy
 * (`UH`): another backend, in another namespace if a ReferenceGrant there lets policies refer to it, or an answer. Access logs
 * keep the flag, with details that say `fallback`.
 */
export const fallbackSchema = z
  .object({
    backendRef: z.object(backendReferenceShape).check(requirePort).optional(),
    /** Calls of gRPC, which no such answer is for, end with UNAVAILABLE all the same. */
    directResponse: z
      .object({
        /** Default 503. */
        statusCode: countSchema(200, 599),
        contentType: boundedText('a content type', 128, {
          pattern: /^[a-z0-9.+-]+\/[a-zA-Z0-9.+-]+(; ?[\x20-\x7e]+)?$/,
          hint: 'write a media type such as application/json',
        }).default('text/plain'),
        body: boundedText('a body', 4096, {
          pattern: /^[\x20-\x7e\r\n\t]*$/,
          hint: 'write ASCII characters; in JSON, others as \\uXXXX',
        }).default(''),
      })
      .optional(),
  })
  .check(
    crossCheck(['backendRef', 'directResponse'], ({ backendRef, directResponse }, report) => {
      if ((backendRef === undefined) === (directResponse === undefined)) {
        report([], 'write one of backendRef and directResponse');
      }
    }),
  );

export type WrittenFallback = z.output<typeof fallbackSchema>;
