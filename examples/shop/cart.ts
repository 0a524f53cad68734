/** What is in the cart, from the database. Version 2 also adds it up. */
import { call } from './call.ts';
import { serve } from './serve.ts';

const { DB_URL = 'http://db', VERSION = 'v1' } = process.env;

interface Item {
  readonly name: string;
  readonly cents: number;
}

serve('cart', async () => {
  const items = (await call(`${DB_URL}/items.json`)) as Item[];
  if (VERSION === 'v1') return { items };
  return { items, totalCents: items.reduce((sum, item) => sum + item.cents, 0) };
});
