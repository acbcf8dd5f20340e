import type { JournalEntry } from '../../src/core/migration/journal.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import type { EntraWorld } from './entra-world.ts';

/** What a line of a journal is known by: its kind, and the step it is about. */
export function lineName(entry: JournalEntry): string {
  return 'step' in entry ? `${entry.kind} ${entry.step}` : entry.kind;
}

/** Says yes to each only the first time it is asked about it. */
export function firstTime(nameOf: (entry: JournalEntry) => string | undefined): {
  readonly is: (entry: JournalEntry) => boolean;
  readonly seen: ReadonlySet<string>;
} {
  const seen = new Set<string>();
  return {
    seen,
    is(entry) {
      const name = nameOf(entry);
      if (name === undefined || seen.has(name)) return false;
      seen.add(name);
      return true;
    },
  };
}

/** What a line that tells outcomes is known by: the step, and the calls. Undefined for any other. */
export function outcomeName(entry: JournalEntry): string | undefined {
  return entry.kind === 'called' ? `${entry.step} ${entry.outcomes.map(({ key }) => key).join(' ')}` : undefined;
}

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
