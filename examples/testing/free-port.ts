import { freePorts } from '../../cli/demo/free-ports.ts';

/**
 * A port of loopback that nothing listens on, for a program that cannot choose one itself. It is below those that Linux
 * gives out by itself, so that no connection of a test beside this one takes it before the program has started.
 */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port as number; // freePorts throws when there is none
}
