import type { Anchor } from '../directory.ts';
import type { NativeJobs } from '../guards/facts.ts';
import type { ScopePath } from '../operation.ts';
import type { ResourceId } from '../scim.ts';
import type { Consent, MigrationKind } from './migration.ts';
import type { NativeJob } from './native-job.ts';

export type FindingCode =
  | Consent
  | 'not-ready'
  | 'incomplete-read'
  | 'no-groups'
  | 'unknown-group'
  | 'user-unlinked'
  | 'user-filtered'
  | 'removals-due'
  | 'changes-due'
  | 'group-added'
  | 'leavers-stay'
  | 'assigned-astray'
  | 'access-elsewhere'
  | 'elsewhere-unread'
  | 'group-unverified'
  | 'group-given-away'
  | 'members-doubtful'
  | 'account-inactive'
  | 'dynamic-group'
  | 'on-premises-group'
  | 'mail-enabled-group'
  | 'role-assignable-group'
  | 'nested-groups'
  | 'deletes-cascade'
  | 'job-missing'
  | 'job-stopped'
  | 'job-in-trouble'
  | 'native-job-active'
  | 'native-job-unseen'
  | 'token-owner';

/** Something the survey found that an operator must know, or that stands in the way. */
export interface SurveyFinding {
  readonly code: FindingCode;
  /** `refuse`: nothing is begun. `consent`: nothing is begun unless accepted by name. `note`: good to know. */
  readonly severity: 'refuse' | 'consent' | 'note';
  readonly text: string;
  /** Objects concerned, sorted, all of them. */
  readonly anchors: readonly Anchor[];
}

/** One directory group that is to go, and its SCIM group. */
export interface SurveyedGroup {
  readonly anchor: Anchor;
  readonly name: string;
  readonly assignments: readonly { readonly id: string; readonly roleId: string }[];
  /** Users who count as members in the directory. */
  readonly members: number;
  readonly scimGroup?: {
    readonly id: ResourceId;
    /** Members as the provider shows them; absent where it does not. */
    readonly members?: readonly ResourceId[];
    /** Members nobody of ours is linked to. */
    readonly foreign: number;
  };
}

/** One way somebody is in scope. */
export interface SurveyedPath extends ScopePath {
  /** When its assignment was made: one that was removed and made again may have the same id. */
  readonly created?: string;
}

/** One user reached through a group that is to go. */
export interface SurveyedUser {
  readonly anchor: Anchor;
  readonly label: string;
  readonly enabled: boolean;
  /** Set when no scoping filter lets them in. */
  readonly filtered?: true;
  readonly account?: { readonly id: ResourceId; readonly active: boolean };
  /** Every way they are in scope now. */
  readonly paths: readonly SurveyedPath[];
  /** Roles the groups give and no direct assignment does: what has to be assigned. */
  readonly missing: readonly string[];
  /** Whether a way would stay if the groups were unassigned now. */
  readonly covered: boolean;
}

/** What a survey knows of the directory's own provisioning: the engine itself, or one that would work against Headgate. */
export type SurveyedJobs =
  | { readonly engine: 'entra'; readonly jobs: readonly NativeJob[] }
  | { readonly engine: 'headgate'; readonly others: NativeJobs };

/** A linked account that was active when it was looked at. */
export interface ActiveAccount {
  readonly anchor: Anchor;
  readonly id: ResourceId;
  readonly label: string;
}

/** What is really there, as far as a migration is concerned. An immutable value with a digest approvals are bound to. */
export interface Survey {
  readonly connection: string;
  readonly kind: MigrationKind;
  readonly application: { readonly id: Anchor; readonly appId: string; readonly displayName: string };
  readonly groups: readonly SurveyedGroup[];
  readonly users: readonly SurveyedUser[];
  /** Every linked account that is active at the provider, whoever's and however reached. */
  readonly accounts: readonly ActiveAccount[];
  /** Direct assignments the application has in all. */
  readonly directAssignments: number;
  /** Users reached only through the groups. Must be empty before anything is taken away. */
  readonly uncovered: readonly Anchor[];
  /** Entra's own job, where it is the engine. */
  readonly job?: NativeJob;
  readonly findings: readonly SurveyFinding[];
  readonly digest: string;
}

/** Why a survey does not show everything there is; undefined when it does. */
export function unreadOf({ findings }: Survey): string | undefined {
  return findings.find(({ code }) => code === 'incomplete-read' || code === 'group-unverified')?.text;
}
