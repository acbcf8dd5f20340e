import { placeOf } from '../core/address.ts';
import { digestOf, shortDigest } from '../core/plan.ts';
import { ownerNamed } from '../ports/credential-desk.ts';
import type { ConfiguredSecret } from '../ports/credentials.ts';
import type { ProviderConfig } from './config.ts';

/** The credential of a connection as the rest of the program knows it: read when used, with who owns it. */
export function configuredSecret({ url, credential }: Pick<ProviderConfig, 'url' | 'credential'>): ConfiguredSecret {
  const { kind, owner, expiresAt } = credential;
  const secret = kind === 'bearer' ? credential.token : credential.clientSecret;
  // A client secret goes to its token endpoint. Both addresses may hold what must not be told.
  const place = placeOf(credential.kind === 'bearer' ? url : credential.tokenUrl);
  return {
    kind,
    place: shortDigest(digestOf([kind, place])),
    owner: ownerNamed(owner),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    read: () => secret.read(),
  };
}
