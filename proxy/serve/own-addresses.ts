import { networkInterfaces } from 'node:os';
import { isAmong } from '../cluster/passthrough.ts';

/** A listener of this sidecar: the address it is bound to, and its port. */
interface BoundListener {
  readonly host: string;
  readonly port: number;
}

/** Which addresses are those of this sidecar itself: a request that is sent there would come round for ever. */
export class OwnAddresses {
  readonly #advertise: string;
  readonly #listeners: () => readonly BoundListener[];
  #adminPort: number;

  /** `adminPort` 0: there is no admin server yet. */
  constructor(advertise: string, adminPort: number, listeners: () => readonly BoundListener[]) {
    this.#advertise = advertise;
    this.#adminPort = adminPort;
    this.#listeners = listeners;
  }

  /** Nothing is sent to the admin server, which is there from now on. */
  protectAdmin(port: number): void {
    this.#adminPort = port;
  }

  /**
   * Whether a listener, or the admin server, is bound to this very address: the application may be at the same port of another
   * one. To connect to the unspecified address is to connect to this host.
   */
  isListener(address: string, port: number): boolean {
    const hosts = this.#listeners().flatMap((listener) => (listener.port === port ? [listener.host] : []));
    if (port === this.#adminPort) hosts.push('127.0.0.1');
    if (hosts.length === 0) return false;
    return isAmong(address, [...hosts, '0.0.0.0', '::']) || (hosts.some(isUnspecified) && this.isHost(address, port));
  }

  /** Whether one of the listeners has this port, and this host the address: asked once for each request to the outside. */
  isHost(address: string, port: number): boolean {
    if (!this.#listeners().some((listener) => listener.port === port)) return false;
    const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return isAmong(address, [this.#advertise, ...interfaces.map((local) => local.address)]);
  }
}

function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
