import { RefusedError } from '../core/errors.ts';
import type { ServiceProvider } from '../ports/service-provider.ts';
import type { ConnectionStore } from '../ports/stores.ts';

/** How long what the store said about a connection is believed, in ms: asking for each request would cost more than sending it. */
const BELIEVED_MS = 1000;

/** RefusedError once a migration has switched a connection off, with what to do instead. */
export async function requireOn(
  connection: string,
  states: Pick<ConnectionStore, 'get'>,
  remedy = 'nothing is sent over it any more. Take it out of the configuration.',
): Promise<void> {
  const { switchedOffAt } = await states.get(connection);
  if (switchedOffAt === undefined) return;
  throw new RefusedError('connection-off', `connection ${connection} was switched off by a migration`, { remedy });
}

/**
 * A provider to which nothing is sent any more once its connection was switched off, whoever asks and in whichever process.
 * The one exception is the read that proves that the credential is dead.
 */
export function unlessSwitchedOff(
  provider: ServiceProvider,
  connection: string,
  states: Pick<ConnectionStore, 'get'>,
  now: () => number,
): ServiceProvider {
  let known: { readonly off: Promise<boolean>; readonly at: number } | undefined;
  const isOff = (): Promise<boolean> => {
    if (known !== undefined && Math.abs(now() - known.at) < BELIEVED_MS) return known.off;
    const off = states.get(connection).then(({ switchedOffAt }) => switchedOffAt !== undefined);
    const asked = { off, at: now() };
    known = asked;
    off.catch(() => {
      if (known === asked) known = undefined;
    });
    return off;
  };
  async function open<T>(work: () => Promise<T>): Promise<T> {
    if (!(await isOff())) return work();
    throw new RefusedError(
      'connection-off',
      `connection ${connection} was switched off; nothing is sent to its provider`,
      {
        remedy: 'take it out of the configuration.',
      },
    );
  }
  return {
    profile: provider.profile,
    listAccounts: (signal, progress) => open(() => provider.listAccounts(signal, progress)),
    listGroups: (signal, progress) => open(() => provider.listGroups(signal, progress)),
    findAccounts: (key, signal) => open(() => provider.findAccounts(key, signal)),
    findGroups: (key, signal) => open(() => provider.findGroups(key, signal)),
    readAccount: (id, signal) => open(() => provider.readAccount(id, signal)),
    readGroup: (id, signal) => open(() => provider.readGroup(id, signal)),
    apply: (operation, resolve, signal, witness) => open(() => provider.apply(operation, resolve, signal, witness)),
    settle: (operation, resolve, signal, how) => open(() => provider.settle(operation, resolve, signal, how)),
    probe: (secret, signal) => open(() => provider.probe(secret, signal)),
    ping: (signal) => open(() => provider.ping(signal)),
    awaitAnswer: (signal) => open(() => provider.awaitAnswer(signal)),
    preview: (group, change) => provider.preview(group, change),
    credentialWorks: (signal) => provider.credentialWorks(signal),
    experiment: (domain, stop) => open(() => provider.experiment(domain, stop)),
    check: async (signal) =>
      (await isOff())
        ? [{ name: 'service provider', ok: true, detail: 'switched off by a migration; not asked' }]
        : provider.check(signal),
    pace: () => provider.pace(),
    close: () => provider.close(),
  };
}
