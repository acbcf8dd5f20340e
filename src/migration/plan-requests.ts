import type { AppRole } from '../core/directory.ts';
import { canaryMember } from '../core/migration/canary-member.ts';
import { stepsOf } from '../core/migration/migration.ts';
import type { Survey } from '../core/migration/survey.ts';
import type { Connection } from '../ports/index.ts';
import type { MigrationPlan } from '../ports/migration-operator.ts';

/** Every request a migration would send, in order. Where the application declares roles, each assignment tells its own. */
export function requestsOf(
  survey: Survey,
  { directory, provider, rules }: Pick<Connection, 'directory' | 'provider' | 'rules'>,
  roles: readonly AppRole[],
): MigrationPlan['requests'] {
  const application = survey.application.id;
  const names = new Map(roles.map(({ id, displayName }) => [id, displayName]));
  // The role comes first: a long name is cut at its end where it is shown.
  const told = (roleId: string, plainly: string, named: (role: string) => string) =>
    names.size === 0 ? plainly : named(names.get(roleId) ?? `role ${roleId}`);
  const steps = new Set(stepsOf(survey.kind, 'forward', rules.engine ?? 'headgate'));
  const assigns = survey.users.flatMap((user) =>
    user.missing.map((roleId) => ({
      step: 'assign-directly',
      what: told(roleId, `assign ${user.label} directly`, (role) => `assign directly as ${role}: ${user.label}`),
      request: directory.show({ kind: 'assign', application, principal: user.anchor, roleId }),
    })),
  );
  const scim = survey.groups.flatMap(({ anchor, name, scimGroup }) =>
    scimGroup === undefined ? [] : [{ anchor, name, ...scimGroup }],
  );
  const canary = canaryMember(survey);
  const first = scim
    .filter(({ anchor }) => anchor === canary?.group)
    .map((group) => ({ ...group, members: canary === undefined ? [] : [canary.member] }));
  const others = scim.map((group) => ({
    ...group,
    members: (group.members ?? []).filter((id) => group.anchor !== canary?.group || id !== canary.member),
  }));
  const empties = [...first, ...others.filter(({ members }) => members.length > 0)].flatMap(({ id, name, members }) =>
    provider.preview(id, { remove: members }).map((request) => ({
      step: 'empty-groups',
      what: `take members out of SCIM group ${name}`,
      request,
    })),
  );
  const unassigns = survey.groups.flatMap(({ name, assignments }) =>
    assignments.map(({ id, roleId }) => ({
      step: 'unassign-groups',
      what: told(roleId, `unassign group ${name}`, (role) => `unassign as ${role}: group ${name}`),
      request: directory.show({ kind: 'unassign', application, assignment: id }),
    })),
  );
  // Entra's own engine deletes what it finds unassigned; Headgate only stops it in the end.
  const deleted = rules.engine === 'entra' ? [] : scim;
  const deletes = deleted.flatMap(({ id, name }) =>
    provider
      .preview(id, 'delete')
      .map((request) => ({ step: 'full-cycle', what: `delete SCIM group ${name}`, request })),
  );
  const { job } = survey;
  const pauses =
    job === undefined
      ? []
      : [
          {
            step: 'disable-connection',
            what: "pause Entra's own provisioning",
            request: directory.show({ kind: 'pause-job', application, job: job.id }),
          },
        ];
  return [...assigns, ...empties, ...unassigns, ...deletes, ...pauses].filter(({ step }) =>
    [...steps].some((one) => one === step),
  );
}
