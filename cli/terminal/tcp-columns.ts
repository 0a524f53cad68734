import type { TcpMetrics } from '../../control-plane/api/client.ts';
import type { Column } from './table.ts';
import { bytesPerSecond } from './units.ts';

interface WithTcp {
  readonly tcp: TcpMetrics | null;
}

/**
 * Open connections and their bytes, under linkerd's names: read from clients, written to them. None without TCP; those that came
 * to nothing have a column only where there are some.
 */
export function tcpColumns(rows: readonly WithTcp[]): Column<WithTcp>[] {
  if (rows.every(({ tcp }) => tcp === null)) return [];
  const failed: Column<WithTcp> = {
    header: 'TCP_FAILED',
    align: 'right',
    cell: ({ tcp }) => String(tcp?.failed ?? '-'),
    narrow: {},
  };
  return [
    {
      header: 'TCP_CONN',
      align: 'right',
      cell: ({ tcp }) => String(tcp?.open ?? '-'),
      narrow: { below: inWords },
    },
    ...(rows.some(({ tcp }) => (tcp?.failed ?? 0) > 0) ? [failed] : []),
    {
      header: 'READ_BYTES/SEC',
      align: 'right',
      cell: ({ tcp }) => bytesPerSecond(tcp?.readBytesPerSecond ?? null),
      narrow: {},
    },
    {
      header: 'WRITE_BYTES/SEC',
      align: 'right',
      cell: ({ tcp }) => bytesPerSecond(tcp?.writtenBytesPerSecond ?? null),
      narrow: {},
    },
  ];
}

function inWords({ tcp }: WithTcp): string {
  if (tcp === null) return '';
  const read = bytesPerSecond(tcp.readBytesPerSecond);
  const written = bytesPerSecond(tcp.writtenBytesPerSecond);
  const failed = tcp.failed === 0 ? '' : `, ${tcp.failed} failed`;
  return `${tcp.open} TCP ${tcp.open === 1 ? 'connection' : 'connections'} open, ${read} read, ${written} written${failed}`;
}

/** For `--help` of the commands that have the columns. */
export const tcpHelp =
  '\n\nWhere there is TCP: TCP_CONN is how many connections are open now, READ_BYTES/SEC what came from clients,\n' +
  'WRITE_BYTES/SEC what went to them, TCP_FAILED how many came to nothing: nobody to take them, or more than a rate allows.';
