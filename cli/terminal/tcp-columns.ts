import type { TcpMetrics } from '../../control-plane/api/client.ts';
import type { Column } from './table.ts';
import { bytesPerSecond } from './units.ts';

interface WithTcp {
  readonly tcp: TcpMetrics | null;
}

/** Open connections and their bytes, under linkerd's names: read from clients, written to them. None without TCP. */
export function tcpColumns(rows: readonly WithTcp[]): Column<WithTcp>[] {
  if (rows.every(({ tcp }) => tcp === null)) return [];
  return [
    {
      header: 'TCP_CONN',
      align: 'right',
      cell: ({ tcp }) => String(tcp?.open ?? '-'),
      narrow: { below: inWords },
    },
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
  return `${tcp.open} TCP ${tcp.open === 1 ? 'connection' : 'connections'} open, ${read} read, ${written} written`;
}

/** For `--help` of the commands that have the columns. */
export const tcpHelp =
  '\n\nWhere there is TCP: TCP_CONN is how many connections are open now, READ_BYTES/SEC what came from clients,\n' +
  'WRITE_BYTES/SEC what went to them.';
