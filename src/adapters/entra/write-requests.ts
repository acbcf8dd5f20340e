import { ReadOnlyError } from '../../core/errors.ts';
import type { DirectoryChange, ExactRequest } from '../../core/migration/journal.ts';

const ID = '[A-Za-z0-9_-]{1,64}';
const JOB = '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}';

/**
 * Every request the identity of migrations may send to Graph, and no other. None concerns a member of a directory group: where `/$ref` is
 * forgotten at the end of such an address, it deletes the user (Learn: group-delete-members).
 */
const ALLOWED: readonly (readonly [method: string, path: RegExp])[] = [
  ['POST', new RegExp(`^/servicePrincipals/${ID}/appRoleAssignedTo$`)],
  ['DELETE', new RegExp(`^/servicePrincipals/${ID}/appRoleAssignedTo/${ID}$`)],
  ['POST', new RegExp(`^/servicePrincipals/${ID}/synchronization/jobs/${JOB}/pause$`)],
  // Changes nothing: a test of the secret that is saved there.
  ['POST', new RegExp(`^/servicePrincipals/${ID}/synchronization/jobs/${JOB}/validateCredentials$`)],
];

/** The request for a change. */
export function requestOf(change: DirectoryChange): ExactRequest {
  switch (change.kind) {
    case 'assign':
      return {
        to: 'directory',
        method: 'POST',
        path: `/servicePrincipals/${encodeURIComponent(change.application)}/appRoleAssignedTo`,
        body: { principalId: change.principal, resourceId: change.application, appRoleId: change.roleId },
      };
    case 'unassign':
      return {
        to: 'directory',
        method: 'DELETE',
        path: `/servicePrincipals/${encodeURIComponent(change.application)}/appRoleAssignedTo/${encodeURIComponent(change.assignment)}`,
      };
    case 'pause-job':
      return {
        to: 'directory',
        method: 'POST',
        path: `/servicePrincipals/${encodeURIComponent(change.application)}/synchronization/jobs/${encodeURIComponent(change.job)}/pause`,
      };
    default:
      return change satisfies never;
  }
}

/** Asks whether the provider takes what is saved in a job (learn.microsoft.com, synchronization-synchronizationjob-validatecredentials). */
export function savedCredentialsRequest(application: string, job: string): ExactRequest {
  return {
    to: 'directory',
    method: 'POST',
    path: `/servicePrincipals/${encodeURIComponent(application)}/synchronization/jobs/${encodeURIComponent(job)}/validateCredentials`,
    body: { useSavedCredentials: true },
  };
}

/** Throws ReadOnlyError for anything that is not one of the few writes of a migration. The last line before the wire. */
export function requireAllowed({ method, path }: Pick<ExactRequest, 'method' | 'path'>): void {
  if (ALLOWED.some(([allowed, pattern]) => allowed === method && pattern.test(path))) return;
  throw new ReadOnlyError(
    `A ${method} request to Microsoft Graph was refused: it is none of those a migration may send.`,
    {
      remedy: 'This is a defect in Headgate; nothing was sent.',
    },
  );
}
