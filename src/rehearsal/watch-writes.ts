import type { RehearsedAccount } from '../core/migration/rehearsal.ts';
import type { ResourceId } from '../core/scim.ts';
import type { Complex } from '../sandbox/provider/json.ts';
import type { SandboxProvider } from '../sandbox/provider/provider.ts';

/** What the writes to the provider of a rehearsal took away. */
export interface WatchedWrites {
  /** The write after which an account was gone or not active any more, by account. */
  readonly causes: ReadonlyMap<ResourceId, string>;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function namesOf(groups: Complex[string] | undefined, byId: ReadonlyMap<string, string>): readonly string[] {
  const list = Array.isArray(groups) ? groups : [];
  return list
    .map((group) => (typeof group === 'object' && group !== null && 'value' in group ? textOf(group.value) : ''))
    .map((id) => byId.get(id) ?? id)
    .toSorted();
}

/** Every account as it stands now. */
export function accountsOf({ accounts, groups }: SandboxProvider): readonly RehearsedAccount[] {
  const byId = new Map(groups.all().map(({ id, displayName }) => [textOf(id), textOf(displayName)]));
  return accounts.all().map(({ id, userName, active, groups: inside }) => ({
    id: textOf(id),
    userName: textOf(userName),
    active: active !== false,
    groups: namesOf(inside, byId),
  }));
}

/** The account a write is about by its path, where it is about one. */
function accountOf(path: string): ResourceId | undefined {
  const id = /^\/Users\/([^/?]+)/.exec(path)?.[1];
  return id === undefined ? undefined : decodeURIComponent(id);
}

/** Looks after each write whether an account went with it, or was switched off by it. */
export function watchWrites(provider: SandboxProvider): WatchedWrites {
  const causes = new Map<ResourceId, string>();
  const before = accountsOf(provider);
  const active = new Set(before.filter((account) => account.active).map(({ id }) => id));
  let there = new Set(before.map(({ id }) => id));
  provider.observe({
    afterWrite({ method, path, applied }) {
      if (!applied) return;
      const id = accountOf(path);
      if (id !== undefined && active.has(id) && provider.accounts.get(id)?.['active'] === false)
        causes.set(id, `${method} ${path}`);
      if (provider.accounts.size >= there.size) return;
      for (const id of there) if (provider.accounts.get(id) === undefined) causes.set(id, `${method} ${path}`);
      there = new Set(accountsOf(provider).map(({ id }) => id));
    },
  });
  return { causes };
}
