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

  apply(operation: Operation): void {
    const exported = this.#export(operation);
    if (exported.resourceId !== null) this.touched.add(exported.resourceId);
    const link = linkAfter(operation, exported, this.link(operation.resource, operation.anchor), theProfile());
    if (link !== undefined) this.links.set(`${link.resource}:${link.anchor}`, link);
  }

  #export(operation: Operation): Exported {
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
        this.#change(id, operation);
        return done(id);
      }
      case 'link':
        return done(operation.resourceId);
      case 'update':
      case 'reactivate': {
        const id = operation.resourceId ?? this.resolve(operation.anchor) ?? '';
        if (operation.resource === 'account') this.#change(id, operation);
        else
          for (const { path, after } of operation.attributes)
            Object.assign(this.groups.get(id) ?? {}, { [path]: after });
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
        const id = this.resolve(operation.anchor) ?? '';
        const members = this.groups.get(id)?.members;
        for (const { resourceId } of operation.remove) members?.delete(resourceId);
        for (const anchor of operation.add) members?.add(this.resolve(anchor) ?? 'unresolved');
        return done(id);
      }
      default:
        return operation satisfies never;
    }
  }

  #change(
    id: ResourceId,
    operation: Operation & { resource: 'account'; kind: 'create' | 'update' | 'reactivate' },
  ): void {
    const account = this.accounts.get(id);
    if (account === undefined) throw new Error(`no account ${id}`);
    for (const { path, after } of operation.attributes) {
      if (path === 'active') account.active = after === true;
      else if (after === null) account.attributes.delete(path);
      else account.attributes.set(path, after);
    }
    for (const { path, to } of operation.references) {
      const value = this.resolve(to);
      if (value !== undefined) account.attributes.set(path, { value });
    }
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
