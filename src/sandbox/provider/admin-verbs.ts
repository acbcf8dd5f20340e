import { z } from 'zod';
import type { AdminPages } from './admin-pages.ts';

type Verb = (admin: AdminPages, body: () => unknown) => object;

/** What a person does in the pages: its arguments as JSON, checked, and what it does. */
function verb<T extends z.ZodType>(arguments_: T, act: (admin: AdminPages, given: z.infer<T>) => object): Verb {
  return (admin, body) => act(admin, arguments_.parse(body()));
}

const NAME = z.string().min(1);

function shown(admin: AdminPages, userName: string): object {
  return { users: admin.users().filter((user) => user.userName.toLowerCase() === userName.toLowerCase()) };
}

/** The provider's own pages for administrators, below `/_sandbox/`. `by` and `user` are userNames. */
export const ADMIN_VERBS: Readonly<Record<string, Verb>> = {
  'GET /_sandbox/users': (admin) => ({ users: admin.users() }),
  'GET /_sandbox/mails': (admin) => ({ mails: admin.mails() }),
  'GET /_sandbox/tokens': (admin) => ({ tokens: admin.tokens() }),
  'POST /_sandbox/generateToken': verb(z.strictObject({ by: NAME }), (admin, { by }) => admin.generateToken(by)),
  'POST /_sandbox/deleteToken': verb(
    z.strictObject({ id: NAME, by: NAME, confirm: z.boolean().default(false) }),
    (admin, { id, by, confirm }) => {
      admin.deleteToken(id, by, confirm);
      return { tokens: admin.tokens() };
    },
  ),
  'POST /_sandbox/deactivate': verb(z.strictObject({ user: NAME }), (admin, { user }) => {
    admin.deactivate(user);
    return shown(admin, user);
  }),
  'POST /_sandbox/setUserType': verb(z.strictObject({ user: NAME, userType: NAME }), (admin, { user, userType }) => {
    admin.setUserType(user, userType);
    return shown(admin, user);
  }),
  'POST /_sandbox/setSso': verb(z.strictObject({ on: z.boolean() }), (admin, { on }) => {
    admin.setSso(on);
    return { on };
  }),
};
