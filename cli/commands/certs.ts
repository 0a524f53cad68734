import type { CertificateInfo } from '../../control-plane/api/client.ts';
import type { ApiOptions, OutputOptions } from '../api-options.ts';
import { withApiOptions, withOutputOption } from '../api-options.ts';
import { withClient } from '../connect.ts';
import { HeddleCommand } from '../heddle-command.ts';
import type { Listing } from '../terminal/print.ts';
import { printListing } from '../terminal/print.ts';
import { timeLeft } from '../terminal/units.ts';

export function certsCommand(): HeddleCommand {
  const command = new HeddleCommand('certs')
    .description('Certificates of the mesh, and how long they are good.')
    .addHelpText('after', '\nExamples:\n  heddle certs\n  heddle certs -o wide   with fingerprints');
  return withApiOptions(withOutputOption(command)).action(async (options: ApiOptions & OutputOptions) => {
    const certificates = await withClient(options, (client) => client.certificates());
    await printListing(certificateListing(Date.now()), certificates, options.output);
  });
}

const hourMs = 3_600_000;

export function certificateListing(nowMs: number): Listing<CertificateInfo> {
  const leftMs = ({ notAfter }: CertificateInfo) => Date.parse(notAfter) - nowMs;
  return {
    name: ({ role, identity }) => `${role}/${identity}`,
    empty: { message: 'the control plane has no certificate', hint: 'its log, which has the reason' },
    columns: [
      { header: 'ROLE', cell: ({ role }) => role },
      { header: 'IDENTITY', cell: ({ identity }) => identity },
      {
        header: 'EXPIRES IN',
        align: 'right',
        cell: (certificate) => (leftMs(certificate) < 0 ? 'expired' : timeLeft(leftMs(certificate))),
        // Leaves are renewed at half of their 24 hours: one that comes close to its end was not.
        tone: (certificate) => (leftMs(certificate) < 0 ? 'bad' : leftMs(certificate) < hourMs ? 'warning' : null),
      },
      { header: 'NOT BEFORE', wide: true, cell: ({ notBefore }) => notBefore },
      { header: 'NOT AFTER', wide: true, cell: ({ notAfter }) => notAfter },
      { header: 'SHA-256', wide: true, cell: ({ fingerprintSha256 }) => fingerprintSha256 },
    ],
  };
}
