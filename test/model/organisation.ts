import type { Anchor, DirectoryUser, GroupChange } from '../../src/core/directory.ts';
import { aUser } from '../builders.ts';

/** Always assigned and never edited: a company without anybody entitled is refused, and proves nothing. */
export const ROOT = 'u0';
export const USERS: readonly Anchor[] = ['u1', 'u2', 'u3', 'u4', 'u5'];
export const GROUPS: readonly Anchor[] = ['g1', 'g2', 'g3'];

export interface Person {
  user: DirectoryUser;
  life: 'present' | 'soft-deleted' | 'absent';
}

export interface Team {
  name: string;
  gone: boolean;
  readonly members: Set<Anchor>;
}

type CompanyEdit =
  | { readonly edit: 'assign' | 'unassign'; readonly principal: Anchor }
  | { readonly edit: 'join' | 'leave'; readonly user: Anchor; readonly group: Anchor }
  | { readonly edit: 'move'; readonly user: Anchor; readonly from: Anchor; readonly to: Anchor }
  | { readonly edit: 'swap-groups'; readonly from: Anchor; readonly to: Anchor }
  | { readonly edit: 'rename-group'; readonly group: Anchor; readonly suffix: string }
  | { readonly edit: 'delete-group'; readonly group: Anchor };

type PersonEdit =
  | { readonly edit: Existence; readonly user: Anchor }
  | { readonly edit: 'enable' | 'block'; readonly user: Anchor }
  | { readonly edit: 'upn'; readonly user: Anchor; readonly name: 'first' | 'second' | 'shared' }
  | { readonly edit: 'department'; readonly user: Anchor; readonly department: string }
  | { readonly edit: 'manager'; readonly user: Anchor; readonly manager?: Anchor };

type Existence = 'soft-delete' | 'restore' | 'hard-delete' | 'hire-again';

/** One change of the organisation, as an administrator would make it. What does not apply changes nothing. */
export type Edit = CompanyEdit | PersonEdit;

/** What is true at one moment: who is entitled, and who belongs into which SCIM group. */
export interface Truth {
  readonly entitled: ReadonlySet<Anchor>;
  /** `<group>/<user>` for entitled members of assigned groups. */
  readonly memberships: ReadonlySet<string>;
  readonly groups: ReadonlySet<Anchor>;
}

/** A line of the directory's own log of changes, from which delta answers are made. */
export type Change =
  | { readonly user: Anchor }
  | { readonly group: Anchor; readonly added?: Anchor; readonly removed?: Anchor; readonly gone?: boolean };

function upnOf(user: Anchor, name: 'first' | 'second' | 'shared'): string {
  return name === 'shared' ? 'shared@contoso.com' : `${user}${name === 'first' ? '' : '-new'}@contoso.com`;
}

/** A small company in memory. Every edit is one moment; `truths` keeps what was true after each. */
export class Organisation {
  readonly people = new Map<Anchor, Person>();
  readonly teams = new Map<Anchor, Team>();
  readonly assigned = new Set<Anchor>([ROOT]);
  readonly log: Change[] = [];
  readonly truths: Truth[] = [];

  constructor() {
    for (const id of [ROOT, ...USERS]) this.people.set(id, { user: aUser(id), life: 'present' });
    for (const id of GROUPS) this.teams.set(id, { name: `Group ${id}`, gone: false, members: new Set() });
    this.#keepTruth();
  }

  /** The number of the present moment. */
  get moment(): number {
    return this.truths.length - 1;
  }

  get truth(): Truth {
    const truth = this.truths.at(-1);
    if (truth === undefined) throw new Error('there is always a truth');
    return truth;
  }

  present(user: Anchor): DirectoryUser | undefined {
    const person = this.people.get(user);
    return person?.life === 'present' ? person.user : undefined;
  }

  /** Members a reader of the group sees: deleted users are not shown. */
  membersOf(group: Anchor): readonly Anchor[] {
    return [...(this.teams.get(group)?.members ?? [])].filter((user) => this.present(user) !== undefined).sort();
  }

  groupsOf(user: Anchor): readonly Anchor[] {
    return [...this.teams].filter(([, { gone, members }]) => !gone && members.has(user)).map(([id]) => id);
  }

  assignments(): readonly Anchor[] {
    return [...this.assigned].filter((id) => this.teams.get(id)?.gone === false || this.present(id)).sort();
  }

  change(edit: Edit): void {
    switch (edit.edit) {
      case 'assign':
      case 'unassign':
      case 'join':
      case 'leave':
      case 'move':
      case 'swap-groups':
      case 'rename-group':
      case 'delete-group':
        this.#changeCompany(edit);
        break;
      case 'enable':
      case 'block':
      case 'upn':
      case 'department':
      case 'manager':
      case 'soft-delete':
      case 'restore':
      case 'hard-delete':
      case 'hire-again': {
        const person = this.people.get(edit.user);
        if (person !== undefined) this.#changePerson(person, edit);
        break;
      }
      default:
        return edit satisfies never;
    }
    this.#keepTruth();
  }

  #changeCompany(edit: CompanyEdit): void {
    switch (edit.edit) {
      case 'assign':
        if (this.teams.get(edit.principal)?.gone !== true) this.assigned.add(edit.principal);
        return;
      case 'unassign':
        this.assigned.delete(edit.principal);
        return;
      case 'join':
        return this.#join(edit.user, edit.group);
      case 'leave':
        return this.#leave(edit.user, edit.group);
      case 'move':
        this.#join(edit.user, edit.to);
        return edit.from === edit.to ? undefined : this.#leave(edit.user, edit.from);
      case 'swap-groups':
        if (this.teams.get(edit.to)?.gone === true || !this.assigned.delete(edit.from)) return;
        this.assigned.add(edit.to);
        return;
      case 'rename-group': {
        const team = this.teams.get(edit.group);
        if (team === undefined || team.gone) return;
        team.name = `Group ${edit.group}${edit.suffix}`;
        this.log.push({ group: edit.group });
        return;
      }
      case 'delete-group': {
        const team = this.teams.get(edit.group);
        if (team === undefined || team.gone) return;
        team.gone = true;
        this.assigned.delete(edit.group);
        this.log.push({ group: edit.group, gone: true });
        return;
      }
      default:
        return edit satisfies never;
    }
  }

  #changePerson(person: Person, edit: PersonEdit): void {
    const { user, life } = person;
    const set = (changed: DirectoryUser) => {
      if (life !== 'present') return;
      person.user = changed;
      this.log.push({ user: user.id });
    };
    switch (edit.edit) {
      case 'enable':
      case 'block':
        return set({ ...user, enabled: edit.edit === 'enable' });
      case 'department':
        return set({ ...user, attributes: { ...user.attributes, department: edit.department } });
      case 'upn': {
        const userPrincipalName = upnOf(user.id, edit.name);
        if (this.#taken(userPrincipalName, user.id)) return;
        return set({ ...user, attributes: { ...user.attributes, userPrincipalName } });
      }
      case 'manager': {
        const { manager: _before, ...rest } = user;
        return set(edit.manager === undefined ? rest : { ...rest, manager: edit.manager });
      }
      case 'soft-delete':
      case 'restore':
      case 'hard-delete':
      case 'hire-again':
        return this.#changeExistence(person, edit.edit);
      default:
        return edit satisfies never;
    }
  }

  #changeExistence(person: Person, edit: Existence): void {
    const { user, life } = person;
    const userPrincipalName = String(user.attributes['userPrincipalName']);
    switch (edit) {
      case 'soft-delete':
        return life === 'present' ? this.#live(person, 'soft-deleted') : undefined;
      case 'restore':
        if (life === 'soft-deleted' && !this.#taken(userPrincipalName, user.id)) this.#live(person, 'present');
        return;
      case 'hard-delete':
        for (const team of this.teams.values()) team.members.delete(user.id);
        this.assigned.delete(user.id);
        return life === 'absent' ? undefined : this.#live(person, 'absent');
      case 'hire-again': {
        // The same person, the same name, another object: everything hangs on the object id.
        const id = `${user.id}-again`;
        if (life === 'present' || this.people.has(id) || this.#taken(userPrincipalName, id)) return;
        this.people.set(id, { user: aUser(id, { attributes: { userPrincipalName } }), life: 'present' });
        this.assigned.add(id);
        this.log.push({ user: id });
        return;
      }
      default:
        return edit satisfies never;
    }
  }

  #live(person: Person, life: Person['life']): void {
    person.life = life;
    this.log.push({ user: person.user.id });
  }

  #taken(userPrincipalName: string, by: Anchor): boolean {
    return [...this.people.values()].some(
      ({ user, life }) =>
        life === 'present' && user.id !== by && user.attributes['userPrincipalName'] === userPrincipalName,
    );
  }

  #join(user: Anchor, group: Anchor): void {
    const team = this.teams.get(group);
    if (team === undefined || team.gone || this.present(user) === undefined) return;
    team.members.add(user);
    this.log.push({ group, added: user });
  }

  #leave(user: Anchor, group: Anchor): void {
    if (this.teams.get(group)?.members.delete(user) === true) this.log.push({ group, removed: user });
  }

  #keepTruth(): void {
    const groups = new Set([...this.assigned].filter((id) => this.teams.get(id)?.gone === false));
    const reached = new Set(this.assigned);
    for (const group of groups) for (const user of this.membersOf(group)) reached.add(user);
    const entitled = new Set([...reached].filter((user) => this.present(user)?.enabled === true));
    const memberships = new Set(
      [...groups].flatMap((group) =>
        this.membersOf(group)
          .filter((user) => entitled.has(user))
          .map((user) => `${group}/${user}`),
      ),
    );
    this.truths.push({ entitled, memberships, groups });
  }
}

/** Lines of a log merged as a delta answer merges them: the last word on a member wins. */
export function mergeChanges(lines: readonly Change[]): {
  readonly users: ReadonlySet<Anchor>;
  readonly groups: ReadonlyMap<Anchor, GroupChange>;
} {
  const users = new Set<Anchor>();
  const groups = new Map<Anchor, { gone: boolean; changed: boolean; added: Set<Anchor>; removed: Set<Anchor> }>();
  for (const line of lines) {
    if ('user' in line) {
      users.add(line.user);
      continue;
    }
    const known = groups.get(line.group) ?? { gone: false, changed: false, added: new Set(), removed: new Set() };
    groups.set(line.group, known);
    if (line.gone === true) known.gone = true;
    if (line.added !== undefined) {
      known.added.add(line.added);
      known.removed.delete(line.added);
    } else if (line.removed !== undefined) {
      known.removed.add(line.removed);
      known.added.delete(line.removed);
    } else known.changed = true;
  }
  const none: ReadonlySet<Anchor> = new Set();
  return {
    users,
    groups: new Map([...groups].map(([id, change]) => [id, { ...change, nestedAdded: none, nestedRemoved: none }])),
  };
}
