import type { MigrationView } from '../../src/core/migration/view.ts';
import type { EntraWorld } from './entra-world.ts';

/** Lets one process after the other go on, each until it dies, with a cycle of Entra's job between; says yes at every gate. */
export async function liveToTheEnd(at: EntraWorld, between: () => void): Promise<MigrationView> {
  let view = await at.look(1);
  for (let life = 0; view.status !== 'ended' && life < 400; life++) {
    if (view.status === 'paused') throw new Error(JSON.stringify(view.paused));
    if (view.gate?.name === 'revocation') at.provider.revokeToken(at.provider.token ?? '');
    if (view.status === 'waiting') await at.approve();
    view = await at.look(1);
    await at.cycle();
    between();
  }
  return view;
}
