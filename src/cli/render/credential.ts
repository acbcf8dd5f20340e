import { isLive, type Credential } from '../../core/credential.ts';
import type { Rotation } from '../../ports/credential-desk.ts';
import type { CredentialHistory } from '../../ports/credentials.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { printable } from '../../core/printable.ts';
import { shownTime } from './text.ts';

/** Credentials as a table, for `headgate token list`. `now` in ms since the epoch. */
export function renderCredentials(credentials: readonly Credential[], now: number, paint: Paint): string {
  return renderTable(
    ['CONNECTION', 'FINGERPRINT', 'STATE', 'OWNER', 'KEPT', 'SINCE', 'EXPIRES'],
    credentials.map((credential) => [
      credential.connection,
      credential.fingerprint,
      stateOf(credential, paint),
      printable(ownerText(credential)),
      credential.source,
      shownTime(credential.createdAt),
      expiryOf(credential, now, paint),
    ]),
  );
}

function stateOf({ state, refusedAt }: Credential, paint: Paint): string {
  if (state === 'retired' || state === 'dead') return paint.dim(state);
  if (refusedAt !== undefined) return paint.bad(`${state}, refused`);
  return state === 'active' ? paint.good(state) : paint.warn(state);
}

function expiryOf(credential: Credential, now: number, paint: Paint): string {
  const shown = shownTime(credential.expiresAt);
  return isLive(credential) && (credential.expiresAt ?? Infinity) <= now ? paint.bad(`${shown}, past`) : shown;
}

/** Whose a credential is, in words: as far as anybody has named them, and looked them up. */
export function ownerText({ owner }: Credential): string {
  if (owner.kind !== 'user') return owner.kind === 'unknown' ? 'unknown' : 'service account';
  if (owner.absent === true) return `${owner.name} (not in the directory)`;
  return owner.anchor === undefined ? `${owner.name} (not looked up yet)` : owner.name;
}

/** One credential with everything that happened to it, for `headgate token show`. */
export function renderCredential(
  credential: Credential,
  history: readonly CredentialHistory[],
  now: number,
  paint: Paint,
): string {
  const rows = history.map(({ at, event, by, detail }) => [
    shownTime(at),
    event,
    printable(by),
    printable(detail ?? ''),
  ]);
  return [renderCredentials([credential], now, paint), renderTable(['AT', 'WHAT', 'BY', 'DETAIL'], rows)].join('\n\n');
}

/** Where a rotation stands: what was done now, and what somebody has to do next. */
export function renderRotation(rotation: Rotation, paint: Paint): string {
  const done = rotation.done.map((line) => `  ${paint.good('done')}  ${printable(line)}`);
  const next =
    rotation.waitsFor === 'nothing' ? paint.good('Complete') : paint.warn(`Waits for: ${WAITS[rotation.waitsFor]}`);
  return [...done, `${next}\n  ${printable(rotation.instruction)}`].join('\n');
}

const WAITS: Readonly<Record<Exclude<Rotation['waitsFor'], 'nothing'>, string>> = {
  'new-token': 'a new token',
  cycle: 'a full cycle with the new token',
  entra: "the new token to be given to Entra's own job",
  deletion: 'the old token to be deleted at the service provider',
};
