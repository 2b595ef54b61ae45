import type { ServerArgs } from '../config/server-args.js';
import type { TlsNeeds } from '../http/server.js';
import { readTls } from '../http/tls.js';

export type TlsArgs = Pick<
  ServerArgs,
  'sslKeyfile' | 'sslCertfile' | 'sslCaCerts' | 'sslKeyfilePassword' | 'enableSslRefresh'
>;

/** What the server shall be started with; null = plain HTTP. @throws StartupError where the files cannot be used */
export function tlsNeeds(args: TlsArgs): TlsNeeds | null {
  const { sslKeyfile, sslCertfile, sslCaCerts, sslKeyfilePassword, enableSslRefresh } = args;
  if (sslKeyfile === null || sslCertfile === null) return null;
  const files = {
    keyFile: sslKeyfile,
    certFile: sslCertfile,
    keyPassword: sslKeyfilePassword,
    caFile: sslCaCerts,
  };
  return { tls: readTls(files), isRenewed: enableSslRefresh };
}
