import { guideCompany } from '../../src/sandbox/organisation/guide-company.ts';
import type { Organisation } from '../../src/sandbox/organisation/organisation.ts';

/** An account as the provider should hold it. */
export interface ExpectedAccount {
  readonly active: boolean;
  readonly displayName: string;
  readonly manager: string | undefined;
}

/** What the provider should hold, by userName and by displayName. Kept by the test itself, never asked of Headgate. */
export interface Expected {
  readonly accounts: ReadonlyMap<string, ExpectedAccount>;
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
}

/** A small company in which as much happens from one cycle to the next as a cycle can do. */
export interface Company {
  readonly organisation: Organisation;
  expected(): Expected;
  /**
   * One round of changes, in directory and expectation alike: three people come (one of them the manager of another, one
   * only through a group), one is renamed, one loses access, one gets it back, one is deleted for good, one moves in or out
   * of a group, a group with members comes and another goes.
   */
  change(): void;
}

const DOMAIN = 'testcompany.example';
const IT = 'IT';
const STAYING = ['info.test1', 'info.test3', 'bob', 'fay'].map((name) => `${name}@${DOMAIN}`);

interface Round {
  readonly hire: string;
  readonly temporary: string;
  readonly team: string;
}

/** A company whose people have accounts through the group IT, directly, or both ways. */
export function createCompany(): Company {
  const organisation = guideCompany();
  const accounts = new Map<string, ExpectedAccount>();
  const groups = new Map<string, Set<string>>([[IT, new Set([`info.test1@${DOMAIN}`, `info.test3@${DOMAIN}`])]]);
  let round = 0;
  let last: Round | undefined;
  let withoutAccess: string | undefined;

  function person(name: string, manager?: string): string {
    const userPrincipalName = `${name}@${DOMAIN}`;
    organisation.createUser(
      { userPrincipalName, displayName: name, mail: userPrincipalName, mailNickname: name },
      manager,
    );
    accounts.set(userPrincipalName, { active: true, displayName: name, manager });
    return userPrincipalName;
  }

  function become(userName: string, change: Partial<ExpectedAccount>): void {
    const before = accounts.get(userName);
    if (before === undefined) throw new Error(`${userName} should have an account`);
    accounts.set(userName, { ...before, ...change });
  }

  function move(group: string, userName: string, into: boolean): void {
    if (into) organisation.addMember(group, userName);
    else organisation.removeMember(group, userName);
    const members = groups.get(group);
    if (into) members?.add(userName);
    else members?.delete(userName);
  }

  function come(): Round {
    const boss = person(`boss${round}`);
    const hire = person(`hire${round}`, boss);
    const temporary = person(`temporary${round}`);
    for (const principal of [boss, hire]) organisation.assign({ principal });
    move(IT, temporary, true);
    const team = `Team ${round}`;
    const members = [hire, STAYING[0] ?? ''];
    organisation.createGroup({ displayName: team, mailNickname: `team${round}` }, members);
    organisation.assign({ principal: team });
    groups.set(team, new Set(members));
    return { hire, temporary, team };
  }

  function loseAccess(hire: string): void {
    organisation.unassign({ principal: hire });
    become(hire, { active: false });
  }

  function go({ hire, temporary, team }: Round): void {
    organisation.unassign({ principal: team });
    groups.delete(team);
    loseAccess(hire);
    organisation.hardDeleteUser(temporary);
    accounts.delete(temporary);
    groups.get(IT)?.delete(temporary);
  }

  for (const number of [1, 3]) {
    accounts.set(`info.test${number}@${DOMAIN}`, {
      active: true,
      displayName: `Info Test${number}`,
      manager: undefined,
    });
  }
  for (const name of ['bob', 'fay']) organisation.assign({ principal: person(name) });
  move(IT, `bob@${DOMAIN}`, true);

  return {
    organisation,
    expected: () => ({
      accounts: new Map(accounts),
      groups: new Map([...groups].map(([name, members]) => [name, new Set(members)])),
    }),
    change() {
      round += 1;
      if (withoutAccess !== undefined) {
        organisation.assign({ principal: withoutAccess });
        become(withoutAccess, { active: true });
      }
      withoutAccess = last?.hire;
      if (last !== undefined) go(last);
      last = come();
      const renamed = STAYING[round % STAYING.length] ?? '';
      organisation.updateUser(renamed, { displayName: `Renamed ${round}` });
      become(renamed, { displayName: `Renamed ${round}` });
      move(IT, `fay@${DOMAIN}`, round % 2 === 1);
    },
  };
}
