import type { Json, JsonObject } from '../../core/scim.ts';

/** A user of the emulated tenant. `properties` holds what is set, by its Graph name; everything else is null. */
export interface TenantUser {
  readonly id: string;
  readonly managerId: string | null;
  readonly properties: JsonObject;
}

/** A soft-deleted user with what comes back when it is restored. Entra keeps it for 30 days; here it stays until told. */
export interface DeletedUser {
  readonly id: string;
  readonly user: TenantUser;
  readonly deletedDateTime: string;
  readonly memberOf: readonly string[];
  readonly assignments: readonly AppRoleAssignment[];
}

export interface TenantGroup {
  readonly id: string;
  readonly properties: JsonObject;
}

/** An app role as Graph's `appRole` complex type has it. */
export interface AppRoleDefinition {
  readonly id: string;
  readonly value: string | null;
  readonly displayName: string;
  readonly description: string;
  readonly isEnabled: boolean;
  readonly allowedMemberTypes: readonly string[];
}

/** An enterprise application: the service principal users and groups are assigned to. */
export interface ServicePrincipal {
  readonly id: string;
  readonly appId: string;
  readonly displayName: string;
  readonly appRoles: readonly AppRoleDefinition[];
  readonly properties: JsonObject;
}

export type MemberKind = 'user' | 'group' | 'servicePrincipal';
export type PrincipalType = 'User' | 'Group' | 'ServicePrincipal';

export interface AppRoleAssignment {
  readonly id: string;
  readonly principalId: string;
  readonly principalType: PrincipalType;
  readonly resourceId: string;
  readonly appRoleId: string;
  readonly createdDateTime: string;
}

/** What happened to one object or one relationship. */
export type ChangeKind =
  | {
      readonly kind: 'user' | 'group';
      readonly id: string;
      /** Names of what got another value, `manager` among them; absent when the object came, went or came back. */
      readonly properties?: readonly string[];
      /** The manager it had, where that changed. */
      readonly formerManager?: string;
    }
  | {
      readonly kind: 'member';
      /** The group. */
      readonly id: string;
      readonly member: string;
      readonly memberKind: MemberKind;
      readonly joined: boolean;
    }
  /** The id of an assignment's change is the service principal. */
  | { readonly kind: 'assignment'; readonly id: string; readonly assignment: string }
  | { readonly kind: 'application'; readonly id: string };

/** One change since the organisation was loaded. What `delta` answers is made of this. */
export type Change = ChangeKind & {
  readonly version: number;
  /** When it was made, ms since the epoch. */
  readonly at: number;
};

/** A whole organisation as plain JSON, for state files. */
export interface OrganisationState {
  readonly tenantId: string;
  readonly domain: string;
  readonly users: readonly TenantUser[];
  readonly deletedUsers: readonly DeletedUser[];
  readonly groups: readonly (TenantGroup & { readonly members: readonly string[] })[];
  readonly servicePrincipals: readonly ServicePrincipal[];
  readonly assignments: readonly AppRoleAssignment[];
}

/** Graph's id of "no particular role": the only one allowed where the application declares none. */
export const DEFAULT_ROLE = '00000000-0000-0000-0000-000000000000';

/** A text property, or the empty string when it is not set. */
export function text(properties: JsonObject, name: string): string {
  const value: Json | undefined = properties[name];
  return typeof value === 'string' ? value : '';
}
