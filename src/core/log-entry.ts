import type { Anchor } from './directory.ts';
import type { CycleKind } from './cycle.ts';
import type {
  Exported,
  FormerReference,
  Operation,
  OperationKind,
  OperationState,
  Reason,
  ScopePath,
} from './operation.ts';
import type { Skip, SkipCode } from './skip.ts';
import type { AttributeChange, ResourceId } from './scim.ts';
import { withoutSecret } from './without-secrets.ts';

/** How an operation in the provisioning log ended. One still waiting is not in it. */
export const SETTLED_OUTCOMES = [
  'exported',
  'escrowed',
  'held',
  'cancelled',
  'in-doubt',
] as const satisfies readonly OperationState[];
export type SettledOutcome = (typeof SETTLED_OUTCOMES)[number];

/** Every outcome an entry may have: `skipped` is somebody whom a cycle passed over, for whom there was no operation. */
export const LOG_OUTCOMES = [...SETTLED_OUTCOMES, 'skipped'] as const;
export type LogOutcome = (typeof LOG_OUTCOMES)[number];

/** Every kind of operation, for filters. */
export const OPERATION_KINDS = [
  'create',
  'update',
  'reactivate',
  'link',
  'disable',
  'delete',
  'members',
] as const satisfies readonly OperationKind[];

/** Somebody by anchor, with the name they have or had where it is known. */
export interface NamedAnchor {
  readonly anchor: Anchor;
  readonly name?: string;
}

/** Whose account a reference led to: the person where a link knows them, the account in any case. */
export interface FormerReferent extends Partial<NamedAnchor> {
  readonly resourceId: ResourceId;
}

/** A reference, such as the manager, with whom it led to where that is known; `to` is null when it was cleared. */
export interface LoggedReference {
  readonly path: string;
  readonly from?: FormerReferent;
  readonly to: NamedAnchor | null;
}

/** Members that came and went; at most `MOST_MEMBERS` of each are named, the numbers are complete. */
export interface LoggedMembers {
  readonly added: number;
  readonly removed: number;
  readonly add: readonly NamedAnchor[];
  readonly remove: readonly NamedAnchor[];
}

/** One operation and what became of it, or somebody passed over: a line of the provisioning log. */
export interface LogEntry {
  /** When it was settled, in ms since the epoch. */
  readonly at: number;
  readonly connection: string;
  readonly cycle: string;
  readonly cycleKind: CycleKind;
  /** Who or what asked for the cycle. */
  readonly requestedBy: string;
  /** Its number within the cycle's plan; whoever was passed over is numbered after its operations. */
  readonly sequence: number;
  readonly resource: 'account' | 'group';
  readonly kind: OperationKind | 'skip';
  readonly subject: Required<NamedAnchor>;
  /** The resource at the provider, where there is one. */
  readonly resourceId?: ResourceId;
  readonly reason: { readonly code: Reason['code'] | SkipCode; readonly text: string };
  readonly paths?: readonly ScopePath[];
  readonly changes: readonly AttributeChange[];
  readonly references?: readonly LoggedReference[];
  readonly members?: LoggedMembers;
  /** Users whose part was not done, because they had no account; at most `MOST_MEMBERS` are named, the number is complete. */
  readonly waiting?: { readonly count: number; readonly users: readonly NamedAnchor[] };
  readonly outcome: LogOutcome;
  /** The guard that holds it. */
  readonly heldBy?: string;
  readonly note?: NonNullable<Exported['note']>;
  readonly failure?: { readonly code: string; readonly message: string; readonly status?: number };
  readonly attempts: number;
  /** HTTP requests of the last attempt. */
  readonly requests?: number;
  /** Time of the last attempt, in ms. */
  readonly durationMs?: number;
  /** The provider's own id of the request that did it, or that failed. */
  readonly requestId?: string;
}

/** What the store keeps of a settled operation. */
export interface SettledOperation {
  readonly at: number;
  readonly connection: string;
  readonly cycle: string;
  readonly cycleKind: CycleKind;
  readonly requestedBy: string;
  readonly sequence: number;
  readonly operation: Operation;
  readonly outcome: SettledOutcome;
  readonly heldBy?: string;
  readonly exported?: Exported;
  readonly failure?: {
    readonly code: string;
    readonly message: string;
    readonly status?: number;
    readonly requestId?: string;
  };
  readonly attempts: number;
  readonly durationMs?: number;
}

/** Members named in one entry, of those added and of those removed. A cycle's operations list them all. */
const MOST_MEMBERS = 100;

/** What an operation sets, with what was there before. Operations that carry no attributes still change something. */
function changesOf(operation: Operation): readonly AttributeChange[] {
  switch (operation.kind) {
    case 'create':
      if (operation.resource === 'account') return operation.attributes.map(withoutSecret);
      return [
        { path: 'displayName', before: null, after: operation.displayName },
        { path: 'externalId', before: null, after: operation.externalId },
      ];
    case 'update':
    case 'reactivate':
      return operation.attributes.map(withoutSecret);
    case 'disable':
      return [{ path: 'active', before: true, after: false }];
    case 'delete':
    case 'link':
    case 'members':
      return [];
    default:
      return operation satisfies never;
  }
}

/** Anchors an entry would show by name, beside its subject. */
export function anchorsNamed(operation: Operation): readonly Anchor[] {
  if (operation.kind === 'members') {
    const { add, remove } = operation;
    return [...add.slice(0, MOST_MEMBERS), ...remove.slice(0, MOST_MEMBERS).map(({ anchor }) => anchor)];
  }
  return 'references' in operation ? operation.references.map(({ to }) => to) : [];
}

/** Ids of accounts an entry would show by their owner's name. */
export function resourcesNamed(operation: Operation): readonly ResourceId[] {
  return formerOf(operation).map(({ resourceId }) => resourceId);
}

function formerOf(operation: Operation): readonly FormerReference[] {
  return 'former' in operation ? (operation.former ?? []) : [];
}

/** References that were changed or cleared, with whom they led to before. */
function referencesOf(
  operation: Operation,
  changed: readonly { readonly path: string; readonly to: NamedAnchor }[],
  cleared: ReadonlySet<string>,
  ownerOf: (resource: ResourceId) => NamedAnchor | undefined,
): readonly LoggedReference[] {
  const former = new Map(formerOf(operation).map(({ path, resourceId }) => [path, resourceId]));
  const from = (path: string) => {
    const resourceId = former.get(path);
    return resourceId === undefined ? {} : { from: { resourceId, ...ownerOf(resourceId) } };
  };
  return [
    ...changed.map(({ path, to }) => ({ path, ...from(path), to })),
    ...[...cleared].map((path) => ({ path, ...from(path), to: null })),
  ];
}

/** Paths of attributes that are references and are taken away. */
function clearedReferences(operation: Operation): ReadonlySet<string> {
  const former = new Set(formerOf(operation).map(({ path }) => path));
  const attributes = 'attributes' in operation ? operation.attributes : [];
  return new Set(attributes.flatMap(({ path, after }) => (after === null && former.has(path) ? [path] : [])));
}

/**
 * The log's line for a settled operation; `names` gives the names of other users it mentions, `ownerOf` who has, or had, an
 * account of its connection.
 */
export function toLogEntry(
  settled: SettledOperation,
  names: ReadonlyMap<Anchor, string>,
  ownerOf: (resource: ResourceId) => NamedAnchor | undefined = () => undefined,
): LogEntry {
  const { operation, exported, failure, durationMs, heldBy, ...facts } = settled;
  const named = (anchor: Anchor): NamedAnchor => {
    const name = names.get(anchor);
    return name === undefined ? { anchor } : { anchor, name };
  };
  const resourceId = exported?.resourceId ?? ('resourceId' in operation ? operation.resourceId : undefined);
  const requestId = exported?.requestId ?? failure?.requestId;
  const waiting = exported?.unresolved ?? [];
  const isDone = doneBut(waiting);
  const changed = 'references' in operation ? operation.references.filter(({ to }) => isDone(to)) : [];
  const cleared = clearedReferences(operation);
  const references = referencesOf(
    operation,
    changed.map(({ path, to }) => ({ path, to: named(to) })),
    cleared,
    ownerOf,
  );
  return {
    ...facts,
    resource: operation.resource,
    kind: operation.kind,
    subject: { anchor: operation.anchor, name: operation.label },
    reason: operation.reason,
    changes: changesOf(operation).filter(({ path }) => !cleared.has(path)),
    ...(references.length === 0 ? {} : { references }),
    ...(operation.kind === 'members' ? { members: membersOf(operation, isDone, named) } : {}),
    ...(waiting.length === 0
      ? {}
      : { waiting: { count: waiting.length, users: waiting.slice(0, MOST_MEMBERS).map(named) } }),
    ...(operation.paths === undefined ? {} : { paths: operation.paths }),
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(heldBy === undefined || settled.outcome !== 'held' ? {} : { heldBy }),
    ...(exported?.note === undefined ? {} : { note: exported.note }),
    ...(exported === undefined ? {} : { requests: exported.requests }),
    ...(failure === undefined ? {} : { failure: withoutRequestId(failure) }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(requestId === undefined ? {} : { requestId }),
  };
}

/** The log's line for somebody whom a cycle passed over. */
export function toSkipEntry(
  facts: Pick<LogEntry, 'at' | 'connection' | 'cycle' | 'cycleKind' | 'requestedBy' | 'sequence'>,
  { resource, anchor, name, code, text }: Skip,
): LogEntry {
  return {
    ...facts,
    resource,
    kind: 'skip',
    subject: { anchor, name },
    reason: { code, text },
    changes: [],
    outcome: 'skipped',
    attempts: 0,
  };
}

/** Whether what an operation does to somebody was done: not to those who wait for their account. */
function doneBut(waiting: readonly Anchor[]): (anchor: Anchor) => boolean {
  const left = new Set(waiting);
  return (anchor) => !left.has(anchor);
}

function membersOf(
  operation: Extract<Operation, { kind: 'members' }>,
  isDone: (anchor: Anchor) => boolean,
  named: (anchor: Anchor) => NamedAnchor,
): LoggedMembers {
  const add = operation.add.filter(isDone);
  const { remove } = operation;
  return {
    added: add.length,
    removed: remove.length,
    add: add.slice(0, MOST_MEMBERS).map(named),
    remove: remove.slice(0, MOST_MEMBERS).map(({ anchor }) => named(anchor)),
  };
}

function withoutRequestId({ code, message, status }: NonNullable<SettledOperation['failure']>) {
  return { code, message, ...(status === undefined ? {} : { status }) };
}
