/** One page of a collection, and where the next one begins. */
export interface Slice<V> {
  readonly values: readonly V[];
  /** Position of the last value looked at; ask for the next page with it. */
  readonly last: number;
  readonly more: boolean;
}

/** A collection that can be read as it was at an earlier version, in the order its members were first added. */
export interface VersionedView<V> {
  get(key: string, at: number): V | undefined;
  size(at: number): number;
  /** Up to `limit` values behind a position that pass `keep`. Copies only the page. */
  after(position: number, limit: number, at: number, keep?: (value: V) => boolean): Slice<V>;
  values(at: number): IterableIterator<V>;
}

export interface Versioned<V> extends VersionedView<V> {
  set(key: string, value: V, version: number): void;
  /** False when there was nothing to remove. */
  remove(key: string, version: number): boolean;
  /** Drops the history: every reader has caught up. */
  settle(): void;
}

interface Entry<V> {
  readonly key: string;
  readonly position: number;
  value: V | undefined;
  version: number;
  older: { readonly version: number; readonly value: V | undefined }[] | undefined;
}

function valueAt<V>(entry: Entry<V>, at: number): V | undefined {
  if (entry.version <= at) return entry.value;
  return entry.older?.findLast((state) => state.version <= at)?.value;
}

/**
 * Multi-version storage, so that a lagging replica and the truth are one set of objects: a value is kept with the
 * version it was set at, and earlier values only until `settle()`.
 */
export function createVersioned<V>(): Versioned<V> {
  const byKey = new Map<string, Entry<V>>();
  let entries: Entry<V>[] = [];
  let touched: Entry<V>[] = [];
  let present = 0;
  let nextPosition = 1;

  function put(entry: Entry<V>, value: V | undefined, version: number): void {
    present += Number(value !== undefined) - Number(entry.value !== undefined);
    entry.older ??= [];
    entry.older.push({ version: entry.version, value: entry.value });
    entry.value = value;
    entry.version = version;
    touched.push(entry);
  }

  /** Index of the first entry behind a position: entries are sorted by it because positions only grow. */
  function indexAfter(position: number): number {
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = entries[middle];
      if (entry !== undefined && entry.position <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get(key, at) {
      const entry = byKey.get(key);
      return entry === undefined ? undefined : valueAt(entry, at);
    },
    set(key, value, version) {
      const entry = byKey.get(key);
      if (entry !== undefined) return put(entry, value, version);
      const added: Entry<V> = { key, position: nextPosition, value, version, older: undefined };
      nextPosition += 1;
      present += 1;
      byKey.set(key, added);
      entries.push(added);
      if (version > 0) touched.push(added);
    },
    remove(key, version) {
      const entry = byKey.get(key);
      if (entry?.value === undefined) return false;
      put(entry, undefined, version);
      return true;
    },
    size(at) {
      let size = present;
      for (const entry of new Set(touched)) {
        size += Number(valueAt(entry, at) !== undefined) - Number(entry.value !== undefined);
      }
      return size;
    },
    after(position, limit, at, keep) {
      const values: V[] = [];
      let last = position;
      for (let index = indexAfter(position); index < entries.length; index += 1) {
        const entry = entries[index];
        const value = entry === undefined ? undefined : valueAt(entry, at);
        if (entry === undefined || value === undefined || (keep !== undefined && !keep(value))) continue;
        if (values.length === limit) return { values, last, more: true };
        values.push(value);
        last = entry.position;
      }
      return { values, last, more: false };
    },
    *values(at) {
      for (const entry of entries) {
        const value = valueAt(entry, at);
        if (value !== undefined) yield value;
      }
    },
    settle() {
      const gone = new Set(touched.filter((entry) => entry.value === undefined));
      for (const entry of touched) entry.older = undefined;
      for (const entry of gone) byKey.delete(entry.key);
      // A handful is cut out in place; a large clean-up is one pass.
      if (gone.size > 8) entries = entries.filter((entry) => !gone.has(entry));
      else for (const entry of gone) entries.splice(indexAfter(entry.position) - 1, 1);
      touched = [];
    },
  };
}
