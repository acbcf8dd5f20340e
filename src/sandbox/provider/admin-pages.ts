import { randomBytes } from 'node:crypto';
import { addToken } from './credentials.ts';
import type { ProviderState } from './exchange.ts';
import { ScimRefusal } from './refusal.ts';
import { refuseOwner } from './owner-guard.ts';
import { isActive, textAttribute, type Resource } from './resource.ts';

/** A token as the provider's own pages show it: never its secret again. */
export interface ShownToken {
  readonly id: string;
  /** userName of the administrator who generated it. */
  readonly owner: string | undefined;
}

/** An account as the provider's own pages show it. */
export interface ShownUser {
  readonly userName: string;
  readonly status: 'Active' | 'Disabled';
}

/** A mail the provider has sent. */
export interface SentMail {
  readonly to: string;
  readonly subject: string;
}

/**
 * What administrators do in the provider's own pages, not by SCIM. `by` is the userName of who does it. Refusals are
 * ScimRefusal: 403 for who may not, 409 for what may not be now.
 */
export interface AdminPages {
  tokens(): readonly ShownToken[];
  /** The secret is shown this once. */
  generateToken(by: string): { readonly id: string; readonly secret: string; readonly url: string };
  /** Without a yes it is refused where the provider asks for one. */
  deleteToken(id: string, by: string, confirmed: boolean): void;
  /** Refused while the user owns a token, unless the provider has no such restriction. */
  deactivate(userName: string): void;
  setUserType(userName: string, userType: string): void;
  setSso(on: boolean): void;
  /** Accounts with the provider's own word for how they are. */
  users(): readonly ShownUser[];
  mails(): readonly SentMail[];
}

/** The pages of a running provider. `change` does what a person may do to an account. */
export function createAdminPages(
  state: ProviderState,
  change: (method: 'PATCH', path: string, body: object) => unknown,
): AdminPages {
  const mails: SentMail[] = [];
  let ssoOn = true;

  function account(userName: string): Resource {
    const [id] = state.store.byName('User', userName);
    const found = id === undefined ? undefined : state.store.get('User', id);
    if (found === undefined) throw new ScimRefusal(404, `there is no user ${userName}`);
    return found;
  }

  function requireAdmin(by: string): void {
    const { adminTypes } = state.behaviour.adminPages;
    const found = account(by);
    if (isActive(found) && adminTypes.includes(textAttribute(found, 'userType') ?? '')) return;
    throw new ScimRefusal(403, `only ${adminTypes.join(' and ')} users may do this`);
  }

  function requireNoToken(userName: string): void {
    if (state.behaviour.adminPages.ownerGuard !== 'off') refuseOwner(state, userName);
  }

  function replace(userName: string, value: object): void {
    const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
    change('PATCH', `/Users/${encodeURIComponent(account(userName).id)}`, {
      schemas,
      Operations: [{ op: 'replace', value }],
    });
  }

  function tell(to: string, subject: string): void {
    if (state.behaviour.adminPages.mails) mails.push({ to, subject });
  }

  return {
    tokens: () => state.credentials.tokens().map(({ id, owner }) => ({ id, owner })),
    generateToken(by) {
      requireAdmin(by);
      if (state.behaviour.adminPages.needsSso && !ssoOn) {
        throw new ScimRefusal(409, 'single sign-on must be configured and activated first');
      }
      const id = randomBytes(6).toString('hex');
      const secret = randomBytes(24).toString('base64url');
      addToken(state, { id, secret, owner: by, ownerTypes: state.behaviour.adminPages.adminTypes });
      tell(by, 'New SCIM Token');
      return { id, secret, url: state.base };
    },
    deleteToken(id, by, confirmed) {
      requireAdmin(by);
      const found = state.credentials.tokens().find((known) => known.id === id);
      if (found === undefined) throw new ScimRefusal(404, 'there is no such token');
      if (state.behaviour.adminPages.confirmsDelete && !confirmed)
        throw new ScimRefusal(409, 'SCIM stops at once when its token is revoked: say so with "confirm": true');
      state.credentials.revoke(found.secret);
      tell(by, 'SCIM Token Revoked');
    },
    deactivate(userName) {
      requireNoToken(userName);
      replace(userName, { active: false });
    },
    setUserType(userName, userType) {
      if (!state.behaviour.adminPages.adminTypes.includes(userType)) requireNoToken(userName);
      replace(userName, { userType });
    },
    setSso(on) {
      ssoOn = on;
    },
    users: () =>
      allUsers(state).map((user) => ({
        userName: textAttribute(user, 'userName') ?? '',
        status: isActive(user) ? ('Active' as const) : ('Disabled' as const),
      })),
    mails: () => [...mails, ...welcomes(state)],
  };
}

function allUsers({ store }: ProviderState): readonly Resource[] {
  return store.ids('User').flatMap((id) => store.get('User', id) ?? []);
}

/** Everybody who was provisioned has been told how to sign in. */
function welcomes(state: ProviderState): readonly SentMail[] {
  if (!state.behaviour.adminPages.mails) return [];
  return allUsers(state)
    .filter(({ madeBy }) => madeBy === 'client')
    .map((user) => ({ to: textAttribute(user, 'userName') ?? '', subject: 'New SSO account with Own' }));
}
