import { CompactedError } from '../store/store.ts';
import { ApiError, failureStatus } from './status.ts';
import type { WatchEvent } from './watch.ts';

/** How long to wait for a watch to fail before its answer begins. A revision that is gone is known after one read. */
const firstEventMs = 25;

/**
 * The answer to a watch: one JSON document per line.
 *
 * A revision that is gone is answered 410 when that shows at once, which is nearly always; later it is an `ERROR` event,
 * as in Kubernetes, since the status line is out by then.
 */
export async function watchResponse<Event extends { readonly type: string }>(
  events: AsyncGenerator<Event>,
  end: () => void,
): Promise<Response> {
  let first: Promise<IteratorResult<Event>> | null = events.next();
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise((resolve) => {
    timer = setTimeout(resolve, firstEventMs);
  });
  try {
    await Promise.race([first, patience]);
  } catch (error) {
    end();
    throw error instanceof CompactedError ? expired(error) : error;
  } finally {
    clearTimeout(timer);
  }
  const encoder = new TextEncoder();
  const line = (event: Event | WatchEvent) => encoder.encode(`${JSON.stringify(event)}\n`);
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await (first ?? events.next());
          first = null;
          if (done !== true) return controller.enqueue(line(value));
        } catch (error) {
          const failure = error instanceof CompactedError ? expired(error) : internal(error);
          controller.enqueue(line({ type: 'ERROR', object: failureStatus(failure) }));
        }
        end();
        controller.close();
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: { 'content-type': 'application/json;stream=watch', 'cache-control': 'no-store' },
  });
}

function expired(cause: CompactedError): ApiError {
  return new ApiError('Expired', 'the history from that resourceVersion on is gone: list again', null, { cause });
}

function internal(cause: unknown): ApiError {
  return new ApiError('InternalError', 'the watch broke off', null, { cause });
}
