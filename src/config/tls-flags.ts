import { UsageError } from './flag-spec.js';
import type { ServerArgs } from './server-args.js';

type TlsArgs = Pick<
  ServerArgs,
  'sslKeyfile' | 'sslCertfile' | 'sslCaCerts' | 'sslKeyfilePassword' | 'enableSslRefresh'
>;

/** SGLang's rules of which flags of TLS go together: the first that is broken is said in its words. */
const RULES: readonly (readonly [isBroken: (args: TlsArgs) => boolean, sentence: string])[] = [
  [
    ({ sslKeyfile, sslCertfile }) => sslKeyfile !== null && sslCertfile === null,
    '--ssl-keyfile requires --ssl-certfile to be specified as well.',
  ],
  [
    ({ sslKeyfile, sslCertfile }) => sslCertfile !== null && sslKeyfile === null,
    '--ssl-certfile requires --ssl-keyfile to be specified as well.',
  ],
  [
    ({ sslKeyfile, sslCaCerts }) => sslCaCerts !== null && sslKeyfile === null,
    '--ssl-ca-certs has no effect without --ssl-certfile and --ssl-keyfile.',
  ],
  [
    ({ sslKeyfile, sslKeyfilePassword }) => sslKeyfilePassword !== null && sslKeyfile === null,
    '--ssl-keyfile-password has no effect without --ssl-certfile and --ssl-keyfile.',
  ],
  [
    ({ sslKeyfile, enableSslRefresh }) => enableSslRefresh && sslKeyfile === null,
    '--enable-ssl-refresh requires --ssl-certfile and --ssl-keyfile to be specified.',
  ],
];

/** Nobody shall believe in TLS who has it not. @throws UsageError */
export function checkTlsFlags(args: TlsArgs): void {
  const broken = RULES.find(([isBroken]) => isBroken(args));
  if (broken !== undefined) throw new UsageError(broken[1]);
}
