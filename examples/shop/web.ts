/** The shop's front: asks the cart and the recommendations, and shows both on one page. */
import { call } from './call.ts';
import { serve } from './serve.ts';

const { CART_URL = 'http://cart', RECOMMEND_URL = 'http://recommend' } = process.env;

serve('web', async () => {
  const [cart, recommend] = await Promise.all([call(`${CART_URL}/items`), call(`${RECOMMEND_URL}/top`)]);
  return { cart, recommend };
});
