/** How a pause begins that ends when a credential is put to use. */
const STOPPED_FOR_CREDENTIAL = 'waiting for a credential: ';

/** Before what a connection was paused for already, when it is paused for something graver. */
const BEHIND = '. It was paused already, which resuming ends as well: ';

/** The reason of a pause that ends when a credential is put to use. */
export function waitingForCredential(why: string): string {
  return `${STOPPED_FOR_CREDENTIAL}${why}`;
}

/** Whether a pause ends when a credential is put to use. */
export function waitsForCredential(pausedReason: string | undefined): boolean {
  return pausedReason?.startsWith(STOPPED_FOR_CREDENTIAL) === true;
}

/** A reason with what the connection was paused for already behind it: what ends that by itself must not end this one. */
export function pausedBefore(why: string, earlier: string | undefined): string {
  return earlier === undefined ? why : `${why}${BEHIND}${earlier}`;
}

/** The first of the reasons of a pause, and what stands behind it. */
export function firstReason(pausedReason: string): { readonly why: string; readonly before?: string } {
  const end = pausedReason.indexOf(BEHIND);
  if (end < 0) return { why: pausedReason };
  return { why: pausedReason.slice(0, end), before: pausedReason.slice(end + BEHIND.length) };
}

/** What a connection stays paused for once a credential is put to use; undefined where nothing is left. */
export function withoutCredentialWait(pausedReason: string | undefined): string | undefined {
  if (pausedReason === undefined || waitsForCredential(pausedReason)) return undefined;
  const { why, before } = firstReason(pausedReason);
  return pausedBefore(why, withoutCredentialWait(before));
}

/** The reason once a person pauses: theirs stands before a wait for a credential, which ends by itself; any other stays as it is. */
export function pausedByPerson(why: string, pausedReason: string | undefined): string {
  return pausedReason === undefined || waitsForCredential(pausedReason)
    ? pausedBefore(why, pausedReason)
    : pausedReason;
}
