/** By code unit: the locale of a host must never decide the order of a route table. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
