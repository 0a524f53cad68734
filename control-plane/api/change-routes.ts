import { Hono } from 'hono';
import { StoredDocumentError } from '../model/stored-document.ts';
import type { Store } from '../store/store.ts';
import { changeAt, newestChanges } from './document-changes.ts';
import { queryNumber } from './query.ts';
import { ApiError } from './status.ts';

const limits = { min: 1, max: 100, fallback: 20 } as const;

/**
 * What was changed: `GET /heddle/v1/changes?limit=20`, the newest first, and `/heddle/v1/changes/{revision}` with what the
 * document said before and after. Changes are undone by writing what was there before, on condition that it is still as the
 * change left it.
 */
export function changeRoutes(store: Store): Hono {
  const routes = new Hono();
  routes.get('/heddle/v1/changes', async (context) => {
    const items = await newestChanges(store, queryNumber(context.req, 'limit', limits));
    return context.json({ items });
  });
  routes.get('/heddle/v1/changes/:revision', async (context) => {
    const text = context.req.param('revision');
    if (!/^\d{1,15}$/.test(text)) throw new ApiError('BadRequest', 'a revision is a whole number');
    const change = await recordedChange(store, Number(text));
    if (change === null) {
      throw new ApiError('NotFound', `revision ${text} changed no document, or history has it no more`);
    }
    return context.json(change);
  });
  return routes;
}

async function recordedChange(store: Store, revision: number) {
  try {
    return await changeAt(store, revision);
  } catch (error) {
    if (!(error instanceof StoredDocumentError)) throw error;
    throw new ApiError('NotFound', `what revision ${revision} changed cannot be read by this version`);
  }
}
