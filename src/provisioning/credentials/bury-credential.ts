import { changeOf, type ChangePorts } from './change-credential.ts';

/**
 * Ends the credential in use after the provider was seen to refuse it for good, and erases its secret: nobody is held for
 * it any more. False when there is none, or somebody else was first.
 */
export async function buryCredential(ports: ChangePorts, connection: string, by: string): Promise<boolean> {
  const active = await ports.stores.credentials.active(connection);
  if (active === undefined) return false;
  const how = { by, now: ports.clock.now(), eraseSecret: true, detail: 'refused' };
  return ports.stores.credentials.change([changeOf(active, { kind: 'revoked', confirmed: 'refused' }, how)]);
}
