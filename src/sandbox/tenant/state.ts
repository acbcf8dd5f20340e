import type { OrganisationState } from '../organisation/model.ts';
import type { RegisteredApplication } from './login/applications.ts';

/** Everything a tenant must remember to be started again: plain JSON. Tokens are not kept; they are asked for anew. */
export interface TenantState {
  readonly organisation: OrganisationState;
  readonly applications: readonly RegisteredApplication[];
}
