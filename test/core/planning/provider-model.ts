import type { Anchor } from '../../../src/core/directory.ts';
import type { Link } from '../../../src/core/link.ts';
import { linkAfter } from '../../../src/core/link-after.ts';
import type { Exported, Operation } from '../../../src/core/operation.ts';
import { buildResource } from '../../../src/core/scim-path.ts';
import type { Account, Json, ResourceId, ScimGroup } from '../../../src/core/scim.ts';
import { theProfile } from '../../builders.ts';

interface ModelAccount {
  readonly attributes: Map<string, Json>;
  active: boolean;
}
interface ModelGroup {
  displayName: string;
  externalId?: string;
  readonly members: Set<ResourceId>;
}

/** A service provider as simple as can be, to apply plans to: what it ends up with is what the plan really meant. */
export class ProviderModel {
  readonly accounts = new Map<ResourceId, ModelAccount>();
  readonly groups = new Map<ResourceId, ModelGroup>();
  readonly links = new Map<string, Link>();
  readonly touched = new Set<ResourceId>();
  #next = 1;

  link(resource: Link['resource'], anchor: Anchor): Link | undefined {
    return this.links.get(`${resource}:${anchor}`);
  }

  resolve(anchor: Anchor): ResourceId | undefined {
    const link = this.link('account', anchor) ?? this.link('group', anchor);
    return link === undefined || link.state === 'deleted' ? undefined : link.resourceId;
  }

  apply(operation: Operation): Exported {
    const exported = this.#export(operation);
    if (exported.resourceId !== null) this.touched.add(exported.resourceId);
    const link = linkAfter(operation, exported, this.link(operation.resource, operation.anchor), theProfile());
    if (link !== undefined) this.links.set(`${link.resource}:${link.anchor}`, link);
    return exported;
  }

  #export(operation: Operation): Exported {
    // What the operation is about was never created: nothing can be sent.
    const lost = ({ anchor }: Operation): Exported => ({ resourceId: null, requests: 0, unresolved: [anchor] });
    const done = (resourceId: ResourceId | null): Exported => ({ resourceId, requests: 1 });
    switch (operation.kind) {
      case 'create': {
        const id = `new-${this.#next++}`;
        if (operation.resource === 'group') {
          this.groups.set(id, {
            displayName: operation.displayName,
            externalId: operation.externalId,
            members: new Set(),
          });
          return done(id);
        }
        this.accounts.set(id, { attributes: new Map(), active: true });
        return { ...done(id), unresolved: this.#change(id, operation) };
      }
      case 'link':
        return done(operation.resourceId);
      case 'update':
      case 'reactivate': {
        const id = operation.resourceId ?? this.resolve(operation.anchor);
        if (id === undefined) return lost(operation);
        if (operation.resource === 'account') return { ...done(id), unresolved: this.#change(id, operation) };

        for (const { path, after } of operation.attributes) Object.assign(this.groups.get(id) ?? {}, { [path]: after });
        return done(id);
      }
      case 'disable': {
        const account = this.accounts.get(operation.resourceId);
        if (account !== undefined) account.active = false;
        return done(operation.resourceId);
      }
      case 'delete':
        (operation.resource === 'group' ? this.groups : this.accounts).delete(operation.resourceId);
        for (const group of this.groups.values()) group.members.delete(operation.resourceId);
        return done(null);
      case 'members': {
        const id = this.resolve(operation.anchor);
        if (id === undefined) return lost(operation);
        const members = this.groups.get(id)?.members;
        for (const { resourceId } of operation.remove) members?.delete(resourceId);
        const unresolved = operation.add.filter((anchor) => this.resolve(anchor) === undefined);
        for (const anchor of operation.add) {
          const member = this.resolve(anchor);
          if (member !== undefined) members?.add(member);
        }
        return { ...done(id), unresolved };
      }
      default:
        return operation satisfies never;
    }
  }

  #change(
    id: ResourceId,
    operation: Operation & { resource: 'account'; kind: 'create' | 'update' | 'reactivate' },
  ): readonly Anchor[] {
    const account = this.accounts.get(id);
    if (account === undefined) throw new Error(`no account ${id}`);
    for (const { path, after } of operation.attributes) {
      if (path === 'active') account.active = after === true;
      else if (after === null) account.attributes.delete(path);
      else account.attributes.set(path, after);
    }
    const unresolved = operation.references.filter(({ to }) => this.resolve(to) === undefined);
    for (const { path, to } of operation.references) {
      const value = this.resolve(to);
      if (value !== undefined) account.attributes.set(path, { value });
    }
    return unresolved.map(({ to }) => to);
  }

  listAccounts(): readonly Account[] {
    return [...this.accounts].map(([id, { attributes, active }]) => {
      const body = { ...buildResource(attributes, 'User'), id, active };
      const text = (name: string) => {
        const value = attributes.get(name);
        return typeof value === 'string' ? value : '';
      };
      return { id, userName: text('userName'), externalId: text('externalId'), active, body };
    });
  }

  listGroups(): readonly ScimGroup[] {
    return [...this.groups].map(([id, group]) => ({ id, ...group, members: [...group.members] }));
  }
}
