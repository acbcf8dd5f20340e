import { describe, expect, test } from 'vitest';
import { assumedLinks, withLinks } from '../../../src/core/migration/assumed-links.ts';
import { aLink, anAccount } from '../../builders.ts';
import { guide, surveyWith } from './builders.ts';

/** The company of the guide as another engine has provisioned it: accounts and groups, and no link of ours. */
function foreign() {
  const input = guide();
  return { ...input, links: [], rules: { ...input.rules, engine: 'entra' as const } };
}

const ASKED = { connection: 'acme', kind: 'remove-groups', groups: ['it'] } as const;

describe('links assumed where another engine provisions', () => {
  test('are the accounts and groups a cycle would match, with who may be in a group', () => {
    expect(assumedLinks(foreign())).toMatchObject([
      { resource: 'account', anchor: 'ann', resourceId: 'id-ann', state: 'active', origin: 'userName' },
      { resource: 'account', anchor: 'ben', resourceId: 'id-ben', state: 'active', origin: 'userName' },
      { resource: 'group', anchor: 'it', resourceId: 'g-it', members: ['ann', 'ben'] },
    ]);
  });

  test('are none where everything is linked already', () => {
    expect(assumedLinks(guide())).toEqual([]);
  });

  test('are none for whom two accounts match', () => {
    const input = foreign();
    const twin = anAccount('id-other', 'ann@contoso.com');
    const accounts = { ...input.inventory.accounts, resources: [...input.inventory.accounts.resources, twin] };
    const links = assumedLinks({ ...input, inventory: { ...input.inventory, accounts } });
    expect(links.map(({ anchor }) => anchor)).toEqual(['ben', 'it']);
    const survey = surveyWith(
      ASKED,
      { ...input, inventory: { ...input.inventory, accounts }, links },
      { jobs: { engine: 'entra', jobs: [] } },
    );
    expect(survey.findings).toContainEqual(expect.objectContaining({ code: 'user-unlinked', severity: 'refuse' }));
  });

  test('stand in the place of links to what is gone', () => {
    const [assumed] = assumedLinks(foreign());
    expect(assumed).toBeDefined();
    const all = withLinks([aLink('ann', { resourceId: 'gone' }), aLink('cid')], assumed === undefined ? [] : [assumed]);
    expect(all.map(({ anchor, resourceId }) => `${anchor} ${resourceId}`)).toEqual([
      `cid ${aLink('cid').resourceId}`,
      'ann id-ann',
    ]);
  });
});
