/**
 * Recommendations from a program that goes wrong: after SIGUSR2 it lives on, and refuses every connection. Its port looks
 * served to everybody who does not try it.
 */
import { serve } from './serve.ts';

const server = serve('recommend', async () => ({ top: ['warp beam', 'shuttle', 'bobbin'] }));

process.once('SIGUSR2', () => {
  server.close();
  server.closeAllConnections();
  setInterval(() => {}, 60_000); // without a listener nothing else would keep it running
});
process.once('SIGTERM', () => process.exit());
