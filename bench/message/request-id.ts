import { randomUUID } from 'node:crypto';
import { newRequestId } from '../../proxy/message/request-id.ts';
import { report } from '../measure.ts';

let characters = 0;
report('crypto.randomUUID', (count) => {
  for (let i = 0; i < count; i++) characters += randomUUID().length;
});
report('newRequestId', (count) => {
  for (let i = 0; i < count; i++) characters += newRequestId().length;
});
if (characters === 0) throw new Error('nothing was made');
