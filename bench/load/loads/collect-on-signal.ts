/** Loaded into a Node process whose memory is measured: SIGUSR2 makes it collect its garbage. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | null = null;
process.on('SIGUSR2', () => {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void; // the flag is set
  }
  collect();
});
