import type { MigrationGate } from '../../src/core/migration/migration.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import { personName } from '../e2e/company.ts';
import type { EntraWorld } from './entra-world.ts';

/** Many times what any way to the end needs. */
const MOST_LIVES = 400;

/** What people do beside saying yes: at a gate, and when it is paused. */
export interface EntraActs extends Readonly<Partial<Record<MigrationGate, (at: EntraWorld) => unknown>>> {
  /** It must not be paused where nobody has an answer to that. */
  readonly paused?: (at: EntraWorld) => unknown;
}

/** What people do at a gate they come to for the first, second … time. */
export type EntraActsAt = (times: number) => EntraActs;

function revoke({ provider }: EntraWorld): void {
  provider.revokeToken(provider.token ?? '');
}

export const uneventful: EntraActsAt = () => ({ revocation: revoke });

function setJob({ tenant, connection }: EntraWorld, code: 'Active' | 'Paused'): void {
  tenant.control.changeProvisioningJob(connection.rules.application, { code });
}

/** Somebody joins a group, the connection is paused, and Entra's job is started again: all of it ends well. */
export const troubled: EntraActsAt = (times) => ({
  ...(times === 1
    ? {
        coverage: ({ tenant }) => tenant.control.addMember('Crew', personName(6)),
        disable: ({ ports, connection }) =>
          ports.stores.connections.pause(connection.rules.name, 'the provider is moved'),
        revocation: (at) => setJob(at, 'Active'),
      }
    : {
        revocation: (at) => {
          setJob(at, 'Paused');
          revoke(at);
        },
      }),
  async paused({ ports, operator, connection: { rules } }) {
    await ports.stores.connections.resume(rules.name);
    await operator.actOnMigration({ connection: rules.name, verb: 'resume', by: 'ada' });
  },
});

/**
 * Lets one process after the other go on, each until it dies, with a cycle of Entra's job between, which has none left once
 * it was paused for good. People act and say yes at every gate they come to.
 */
export async function liveToTheEnd(
  at: EntraWorld,
  between: () => void,
  actsAt: EntraActsAt = uneventful,
): Promise<MigrationView> {
  const times = { coverage: 0, disable: 0, revocation: 0 };
  let view = await at.look(1);
  for (let life = 0; view.status !== 'ended' && life < MOST_LIVES; life++) {
    if (view.status === 'paused') {
      const { paused: answer } = actsAt(1);
      if (answer === undefined) throw new Error(JSON.stringify(view.paused));
      await answer(at);
    }
    if (view.status === 'waiting' && view.gate !== undefined) {
      times[view.gate.name] += 1;
      await actsAt(times[view.gate.name])[view.gate.name]?.(at);
      await at.approve();
    }
    view = await at.look(1);
    if (times.revocation === 0) await at.cycle();
    between();
  }
  return view;
}
