/** What can go wrong, by the kind of call it strikes. */
export const FAULTS = {
  write: ['throttled', 'locked', 'unavailable', 'lost', 'not-applied', 'half', 'refused', 'unauthorized'],
  read: ['throttled', 'unavailable', 'not-found'],
  listing: ['untrusted-short', 'short', 'repeated', 'no-members'],
  directory: ['throttled', 'unavailable', 'incomplete'],
  memberships: ['gap', 'left-out'],
  assignments: ['gap'],
  changes: ['expired', 'behind', 'replayed'],
} as const;

export type FaultPlace = keyof typeof FAULTS;
export type FaultKind<Place extends FaultPlace = FaultPlace> = (typeof FAULTS)[Place][number];

export interface Fault {
  readonly place: FaultPlace;
  readonly kind: FaultKind;
  /** Calls of the place that go well before it strikes. */
  readonly after: number;
}

/** Faults that wait for their call. */
export class FaultBoard {
  #armed: { place: FaultPlace; kind: FaultKind; after: number }[] = [];

  arm({ place, kind, after }: Fault): void {
    this.#armed.push({ place, kind, after });
  }

  /** Tells of a call; answers with what goes wrong in it, if anything. */
  strike<Place extends FaultPlace>(place: Place): FaultKind<Place> | undefined {
    const kinds: readonly FaultKind<Place>[] = FAULTS[place];
    const next = this.#armed.find((fault) => fault.place === place);
    if (next === undefined) return undefined;
    if (next.after > 0) {
      next.after -= 1;
      return undefined;
    }
    this.#armed = this.#armed.filter((fault) => fault !== next);
    return kinds.find((kind) => kind === next.kind);
  }

  clear(): void {
    this.#armed = [];
  }
}
