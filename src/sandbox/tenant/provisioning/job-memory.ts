/** What the job remembers of a user it has provisioned. */
export interface KnownUser {
  readonly id: string;
  readonly active: boolean;
}

/** What it remembers of a group: members as it last exported them. It never reads them back. */
export interface KnownGroup {
  readonly id: string;
  readonly members: ReadonlySet<string>;
}

/** The job's own store of links (Graph: ConnectorDataStore) and of what it exported since its watermark. */
export interface JobMemory {
  readonly users: Map<string, KnownUser>;
  readonly groups: Map<string, KnownGroup>;
}

export const RESET_SCOPES = [
  'None',
  'ConnectorDataStore',
  'Escrows',
  'Watermark',
  'QuarantineState',
  'Full',
  'ForceDeletes',
] as const;
export type ResetScope = (typeof RESET_SCOPES)[number];

/** What a job that is taken over knows already. */
export interface RememberedLinks {
  readonly users: ReadonlyMap<string, KnownUser>;
  readonly groups: ReadonlyMap<string, KnownGroup>;
}

/** Empty, or what another job remembers. */
export function createJobMemory({ users, groups }: Partial<RememberedLinks> = {}): JobMemory {
  return { users: new Map(users), groups: new Map(groups) };
}

/**
 * What a restart forgets. Only `Full` and `ConnectorDataStore` break the links: whoever left the scope before is then
 * never removed, because the job knows nothing of them any more (learn.microsoft.com, synchronizationjobrestartcriteria).
 */
export function forget(memory: JobMemory, scope: ResetScope): void {
  if (scope === 'Full' || scope === 'ConnectorDataStore') {
    memory.users.clear();
    memory.groups.clear();
  }
  if (scope !== 'Watermark') return;
  for (const [anchor, group] of memory.groups) memory.groups.set(anchor, { ...group, members: new Set() });
}
