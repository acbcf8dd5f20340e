import { ownerNamed } from '../ports/credential-desk.ts';
import type { ConfiguredSecret } from '../ports/credentials.ts';
import type { ProviderCredential } from './config.ts';

/** The credential of a connection as the rest of the program knows it: read when used, with who owns it. */
export function configuredSecret(credential: ProviderCredential): ConfiguredSecret {
  const { kind, owner, expiresAt } = credential;
  const secret = kind === 'bearer' ? credential.token : credential.clientSecret;
  return {
    kind,
    owner: ownerNamed(owner),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    read: () => secret.read(),
  };
}
