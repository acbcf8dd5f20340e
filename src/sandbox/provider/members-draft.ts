/** Members to add and remove. `repeat` are members to list once more than they are, which only a fault asks for. */
export interface MemberChange {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly repeat: readonly string[];
}

/** A group's members while a PATCH is tried out: the change only, so that one member among 10,000 costs one step. */
export interface MembersDraft {
  has(id: string): boolean;
  ids(): Iterable<string>;
  add(id: string): void;
  /** Lists a member that is there already a second time. */
  repeat(id: string): void;
  remove(id: string): void;
  clear(): void;
  change(): MemberChange;
}

/** A draft over the present members, which it never touches. */
export function draftMembers(present: ReadonlyMap<string, number>): MembersDraft {
  const added = new Set<string>();
  const removed = new Set<string>();
  let repeated: string[] = [];
  function* ids(): Generator<string> {
    for (const id of present.keys()) if (!removed.has(id)) yield id;
    yield* added;
  }
  return {
    has: (id) => added.has(id) || (present.has(id) && !removed.has(id)),
    ids,
    add(id) {
      if (removed.delete(id) || present.has(id)) return;
      added.add(id);
    },
    repeat(id) {
      repeated.push(id);
    },
    remove(id) {
      repeated = repeated.filter((other) => other !== id);
      if (!added.delete(id) && present.has(id)) removed.add(id);
    },
    clear() {
      added.clear();
      repeated = [];
      for (const id of present.keys()) removed.add(id);
    },
    change: () => ({ add: [...added], remove: [...removed], repeat: repeated }),
  };
}
