import type { RemovalCause } from './connection.ts';
import type { Anchor } from './directory.ts';
import type { Effect } from './profile.ts';
import type { AttributeChange, JsonObject, ResourceId } from './scim.ts';

/**
 * Waves run one after the other; inside one no two operations touch the same resource.
 * Disable is first because revocation must not queue behind a long create; delete is last because it cannot be undone.
 */
export const WAVE = { disable: 0, accounts: 1, groups: 2, members: 3, delete: 4 } as const;
export type Wave = (typeof WAVE)[keyof typeof WAVE];
export const WAVES: readonly Wave[] = [0, 1, 2, 3, 4];

/** One way a user is in scope. `via` lists the groups from the assigned one down to the user's own. */
export interface ScopePath {
  readonly kind: 'direct' | 'group';
  readonly assignment: string;
  readonly roleId: string;
  readonly group?: Anchor;
  readonly groupName?: string;
  /** Set when the user is reached through a group nested in the assigned one. */
  readonly nested?: boolean;
}

/** Why an operation is planned: a code for machines and a sentence for people. */
export interface Reason {
  readonly code:
    | 'entitled'
    | 'matched'
    | 'attributes-differ'
    | 'entitled-again'
    | 'account-vanished'
    | 'reference-resolved'
    | 'group-in-scope'
    | 'group-out-of-scope'
    | 'members-differ'
    | RemovalCause;
  readonly text: string;
}

interface OperationBase {
  /** Unique within a plan and stable for the same input: `<wave>:<resource>:<kind>:<anchor>`. */
  readonly key: string;
  readonly wave: Wave;
  readonly anchor: Anchor;
  /** What an operator knows the object by (userPrincipalName, group name). Personal data: store and CLI only. */
  readonly label: string;
  readonly reason: Reason;
  /** How the user is in scope, on operations that make or renew a link. */
  readonly paths?: readonly ScopePath[];
  /** Users this one refers to who are not in scope, so that the reference can be made once they are. */
  readonly awaiting?: readonly Anchor[];
}

/** A reference attribute by path, to be replaced by the referent's resource id when the operation is sent. */
export interface ReferenceChange {
  readonly path: string;
  readonly to: Anchor;
}

/** Whose account a reference led to before it is changed or cleared; who that is, the links tell. */
export interface FormerReference {
  readonly path: string;
  readonly resourceId: ResourceId;
}

export interface CreateAccount extends OperationBase {
  readonly resource: 'account';
  readonly kind: 'create';
  readonly attributes: readonly AttributeChange[];
  readonly references: readonly ReferenceChange[];
}
/** Update and reactivate send the same kind of PATCH; they differ in effect, so they are counted apart. */
export interface ChangeAccount extends OperationBase {
  readonly resource: 'account';
  readonly kind: 'update' | 'reactivate';
  /** Absent when the account is created earlier in the same cycle: then the anchor's link gives it. */
  readonly resourceId?: ResourceId;
  readonly attributes: readonly AttributeChange[];
  readonly references: readonly ReferenceChange[];
  /** What is there in place of `references`, and of attributes that are references and are cleared. Absent where nothing is. */
  readonly former?: readonly FormerReference[];
  /** Set when this operation also establishes the link: the attribute that matched. */
  readonly matchedBy?: string;
}
/** A link to an account or group that already is as it should be: recorded, nothing sent. */
export interface LinkResource extends OperationBase {
  readonly resource: 'account' | 'group';
  readonly kind: 'link';
  readonly resourceId: ResourceId;
  readonly matchedBy: string;
}
export interface RemoveAccount extends OperationBase {
  readonly resource: 'account';
  readonly kind: 'disable' | 'delete';
  /** What the verb really does at this provider: guards count effects, not verbs. */
  readonly effect: Effect;
  readonly resourceId: ResourceId;
  readonly cause: RemovalCause;
}
export interface CreateGroup extends OperationBase {
  readonly resource: 'group';
  readonly kind: 'create';
  readonly displayName: string;
  readonly externalId: string;
}
export interface ChangeGroup extends OperationBase {
  readonly resource: 'group';
  readonly kind: 'update';
  readonly resourceId: ResourceId;
  readonly attributes: readonly AttributeChange[];
  readonly matchedBy?: string;
}
export interface DeleteGroup extends OperationBase {
  readonly resource: 'group';
  readonly kind: 'delete';
  readonly resourceId: ResourceId;
  /** Members it will still have when it is deleted, whoever put them there. Absent in plans of older versions. */
  readonly members?: number;
  /** Set as it is sent for a migration: refused when members can be read and there is one, whoever put it there. */
  readonly onlyEmpty?: true;
}
/** Membership of one SCIM group. Only members Headgate linked are ever removed. */
export interface ChangeMembers extends OperationBase {
  readonly resource: 'group';
  readonly kind: 'members';
  readonly add: readonly Anchor[];
  readonly remove: readonly { readonly anchor: Anchor; readonly resourceId: ResourceId }[];
}

export type Operation =
  | CreateAccount
  | ChangeAccount
  | LinkResource
  | RemoveAccount
  | CreateGroup
  | ChangeGroup
  | DeleteGroup
  | ChangeMembers;

export type OperationKind = Operation['kind'];

/** True for operations that take something away from somebody. */
export function isRemoval(operation: Operation): boolean {
  return (
    operation.kind === 'disable' ||
    operation.kind === 'delete' ||
    (operation.kind === 'members' && operation.remove.length > 0)
  );
}

/** True for operations that take an account away. */
export function isAccountRemoval(operation: Operation): operation is RemoveAccount {
  return operation.resource === 'account' && (operation.kind === 'disable' || operation.kind === 'delete');
}

/** Where an operation of a cycle stands. `in-doubt` was sent, or may have been, and has no recorded answer. */
export const OPERATION_STATES = [
  'pending',
  'in-flight',
  'in-doubt',
  'exported',
  'escrowed',
  'held',
  'cancelled',
] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

/** A write exactly as it went over the wire, without credentials; the path is below the SCIM base URL, or the root of Graph. */
export interface SentWrite {
  readonly method: string;
  readonly path: string;
  readonly body?: JsonObject;
  /** Characters of a body that was not kept, because it is long and was refused. */
  readonly leftOut?: number;
  /** What was answered; `unknown`: its answer was lost, or says nothing. Absent in what older versions recorded. */
  readonly outcome?: 'done' | 'failed' | 'unknown';
  /** Why it was refused, or what is not known: message and remote request id, never a body. */
  readonly why?: string;
}

/** Is told every write, in order, as soon as what became of it is known. What never left is not told. */
export type WriteWitness = (write: SentWrite) => void;

/** What the service provider answered to an operation that succeeded. */
export interface Exported {
  /** The resource's id after the operation; null when it is gone. */
  readonly resourceId: ResourceId | null;
  readonly note?: 'adopted' | 'already-so' | 'gone-already';
  /** Referenced anchors that have no account yet; the next cycle plans them again. */
  readonly unresolved?: readonly Anchor[];
  /** HTTP requests spent. */
  readonly requests: number;
  /** Set in a migration's cycle where nothing was sent now: a read showed that what an earlier attempt had sent took effect. */
  readonly settled?: true;
  /** The writes among them, as older versions recorded them. */
  readonly sent?: readonly SentWrite[];
  /** The provider's own request id, where it sent one. */
  readonly requestId?: string;
}
