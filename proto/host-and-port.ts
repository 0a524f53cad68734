/** `10.0.0.1:80`, `[::1]:80`, `cart:80`: an address as it is written where both are one text. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
