/** A share between 0 and 1 as `99.94%`, never rounded up to 100.00% when something failed; `-` without a value. */
export function percent(share: number | null): string {
  if (share === null) return '-';
  const hundredths = Math.round(share * 10_000);
  const shown = share < 1 ? Math.min(hundredths, 9_999) : hundredths;
  return `${(shown / 100).toFixed(2)}%`;
}

/** `0.4ms`, `18ms`, `1.2s`; `-` without a value. */
export function latency(milliseconds: number | null): string {
  if (milliseconds === null) return '-';
  if (milliseconds >= 999.5) return `${(milliseconds / 1000).toFixed(1)}s`;
  return milliseconds >= 9.95 ? `${Math.round(milliseconds)}ms` : `${milliseconds.toFixed(1)}ms`;
}

/** `0.0B/s`, `1.2kB/s`, `3.4MB/s`; `-` without a value. */
export function bytesPerSecond(bytes: number | null): string {
  if (bytes === null) return '-';
  if (bytes < 999.95) return `${bytes.toFixed(1)}B/s`;
  return bytes < 999_950 ? `${(bytes / 1000).toFixed(1)}kB/s` : `${(bytes / 1_000_000).toFixed(1)}MB/s`;
}

/** The two largest units of a length of time: `23h12m`, `3m05s`, `12s`; `0s` for less, `-` when it is over. */
export function timeLeft(milliseconds: number): string {
  if (milliseconds < 0) return '-';
  const seconds = Math.floor(milliseconds / 1000);
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days > 0) return `${days}d${hours}h`;
  if (hours > 0) return `${hours}h${two(minutes)}m`;
  if (minutes > 0) return `${minutes}m${two(seconds % 60)}s`;
  return `${seconds}s`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

const unitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/**
 * Reads `500ms`, `10s`, `5m`, `1h` as milliseconds; a bare number is seconds. At least `0`, at most 24 hours.
 *
 * @throws RangeError with a sentence for the user
 */
export function parseDuration(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(text);
  if (match === null) throw new RangeError('write a duration such as 500ms, 10s, 5m or 1h');
  const unit = (match[2] ?? 's') as keyof typeof unitsMs;
  const milliseconds = Number(match[1]) * unitsMs[unit];
  if (milliseconds > 86_400_000) throw new RangeError('24h is the longest');
  return milliseconds;
}
