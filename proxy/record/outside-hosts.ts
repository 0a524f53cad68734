import { isIP } from 'node:net';

/** Told by name; what else is called has one row for all of it. A label is kept for an hour, and a crawler calls the world. */
const maxHosts = 100;

/** RFC 1123 section 2.1, with the underscores that are about. */
const hostName = /^(?=.{1,253}$)[a-z0-9_]([-a-z0-9_.]*[a-z0-9])?$/;

/**
 * Names of hosts that are called and that the mesh does not know, as labels: the first hundred, for as long as the sidecar
 * lives. They come from the application, so they are reported to the control plane and are no labels of Prometheus.
 */
export class OutsideHosts {
  readonly #hosts = new Set<string>();

  /** '' for one too many, and for what is neither a name nor an address. */
  labelOf(host: string): string {
    const label = host.toLowerCase().replace(/\.$/, '');
    if (this.#hosts.has(label)) return label;
    if (this.#hosts.size >= maxHosts || (isIP(label) === 0 && !hostName.test(label))) return '';
    this.#hosts.add(label);
    return label;
  }
}
