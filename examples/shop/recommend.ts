/** What other customers liked. */
import { serve } from './serve.ts';

serve('recommend', async () => ({ top: ['warp beam', 'shuttle', 'bobbin'] }));
