import type { Credential } from './credential.ts';
import type { CycleResult } from './cycle.ts';
import type { ProviderProfile } from './profile.ts';

/** Everything the next step of a rotation depends on: read anew each time, so a rotation goes on wherever it was left. */
export interface RotationFacts {
  readonly connection: string;
  readonly model: ProviderProfile['token']['rotation'];
  /** Set when Entra's own service provisions: then no cycle of ours can prove a credential. */
  readonly engine?: 'entra';
  /** A person says that Entra's own job has the credential in use. */
  readonly installed: boolean;
  /** Credentials of this connection, newest first. */
  readonly credentials: readonly Credential[];
  /** A cycle that is open now. */
  readonly openCycle?: string;
  /** What this call of the command has finished: then nothing new is begun. */
  readonly finished: boolean;
}

/** The one next step of a rotation. `wait` is for somebody, or something, outside. */
export type RotationStep =
  | { readonly do: 'wait'; readonly for: 'new-token' }
  | { readonly do: 'promote'; readonly credential: string }
  | { readonly do: 'start-cycle' }
  | { readonly do: 'wait'; readonly for: 'cycle'; readonly cycle: string }
  | { readonly do: 'wait'; readonly for: 'entra' }
  /** Reads with it once more, and remembers the person's word. */
  | { readonly do: 'prove-installed'; readonly credential: string }
  /** Asks the provider whether the old one still works; it waits for its deletion as long as it does. */
  | { readonly do: 'retire'; readonly credential: string }
  | { readonly do: 'nothing' };

/**
 * The next step: a candidate is probed and promoted first; what was replaced goes last, and not before a full cycle has
 * succeeded with its successor (requirement T5), or, with Entra's engine, a person has given that to Entra's job. Pure.
 */
export function nextRotationStep(facts: RotationFacts): RotationStep {
  const { credentials, openCycle, finished, engine, installed } = facts;
  const candidate = newer(credentials).find(({ state, refusedAt }) => state === 'candidate' && refusedAt === undefined);
  if (candidate !== undefined) return { do: 'promote', credential: candidate.id };
  const old = credentials.find(({ state }) => state === 'retiring');
  if (old === undefined) return finished ? { do: 'nothing' } : { do: 'wait', for: 'new-token' };
  const active = credentials.find(({ state }) => state === 'active');
  if (active === undefined) return { do: 'wait', for: 'new-token' };
  if (active.provenBy !== undefined) return { do: 'retire', credential: old.id };
  if (engine === 'entra') {
    return installed ? { do: 'prove-installed', credential: active.id } : { do: 'wait', for: 'entra' };
  }
  return openCycle === undefined ? { do: 'start-cycle' } : { do: 'wait', for: 'cycle', cycle: openCycle };
}

/** What came after the credential in use: one that is older was passed over and does not take its place again. */
function newer(newestFirst: readonly Credential[]): readonly Credential[] {
  const active = newestFirst.findIndex(({ state }) => state === 'active');
  return active < 0 ? newestFirst : newestFirst.slice(0, active);
}

/**
 * Whether a full cycle that ended so proves the credential it was carried by. Entry-level errors are about objects, and what
 * a guard holds may be the very owner who waits for the old credential to go: neither says anything against the new one.
 */
export function provesCredential(result: CycleResult | undefined): boolean {
  return result === 'succeeded' || result === 'held' || result === 'entry-level-errors';
}

/** What a person has to do while a rotation waits for a new token. */
export function newTokenInstruction({
  connection,
  model,
  engine,
}: Pick<RotationFacts, 'connection' | 'model' | 'engine'>): string {
  const hand = `then hand it over: headgate token rotate -c ${connection} --ask --owner <who generated it>`;
  if (model === 'overlap') {
    const why = engine === 'entra' ? ", because Entra's own job still works with it" : '';
    return `generate a new token at the service provider, under an owner who stays; leave the old one in place${why}; ${hand}`;
  }
  const stop =
    engine === 'entra'
      ? "Stop provisioning in Entra for that while (--pause does not stop Entra's own job)"
      : 'Stop cycles for that while (add --pause)';
  return `there is one token at a time: the old one stops working when the new one is generated. ${stop}, generate the new one under an owner who stays, ${hand}`;
}

/** What a person has to do where Entra's own job provisions: it holds the token, too, and nobody can read it from there. */
export function installInstruction({ connection }: Pick<RotationFacts, 'connection'>): string {
  return [
    "give the new token to Entra's own job: in the Entra admin centre the enterprise application, Provisioning, Admin Credentials (newer: Connectivity), Secret Token, Test Connection, Save;",
    'start provisioning there again if you stopped it, and see a cycle of it succeed.',
    `Only then say so: headgate token rotate -c ${connection} --installed-in-entra`,
  ].join(' ');
}
