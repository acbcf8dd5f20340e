import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import { DEFAULT_MAPPING } from '../../../src/core/mapping/default-mapping.ts';
import { PROFILE_NAMES, type Effect, type ProfileName } from '../../../src/core/profile.ts';
import { canonicalPath } from '../../../src/core/scim-path.ts';

describe.each(PROFILE_NAMES)('the profile %s', (name) => {
  const profile = profileByName(name);

  test('goes by its own name and says where its facts come from', () => {
    expect(profile.name).toBe(name);
    expect(profile.sources.length).toBeGreaterThan(0);
  });

  test('names attributes by paths in canonical case', () => {
    const { required, unsupported, primaryRequired } = profile.attributes;
    const paths = [...required, ...unsupported.filter((path) => !path.startsWith('urn:')), ...primaryRequired];
    expect(paths.map(canonicalPath)).toEqual(paths);
    expect(profile.filter.attributes.map(canonicalPath)).toEqual(profile.filter.attributes);
  });

  test('requires nothing that the default mapping does not give', () => {
    const targets = DEFAULT_MAPPING.map(({ target }) => target);
    expect(profile.attributes.required.filter((path) => !targets.includes(path))).toEqual([]);
  });

  test('can be asked by userName, without which a create that met a conflict could not be settled', () => {
    expect(profile.filter.attributes).toContain('userName');
  });

  test('removes single members by filter unless it was built for the older dialect', () => {
    expect(profile.groups.memberRemoval === 'value-array').toBe(name === 'entra-legacy');
  });

  test('stands in the table of settings', () => {
    const row = readFileSync('README.md', 'utf8')
      .split('\n')
      .find((line) => line.startsWith('| `connections[].provider.profile`'));
    expect(row).toContain(`\`${name}\``);
  });
});

test.each<[ProfileName, disable: Effect, remove: Effect]>([
  ['generic', 'suspend', 'delete'],
  ['entra-legacy', 'suspend', 'delete'],
  ['salesforce', 'suspend', 'suspend'],
  ['monday', 'suspend', 'irreversible'],
  ['uniqkey', 'remove', 'irreversible'],
  ['own', 'suspend', 'irreversible'],
  ['aws-identity-center', 'suspend', 'delete'],
  ['slack', 'suspend', 'suspend'],
  ['github-emu', 'suspend', 'irreversible'],
  ['atlassian', 'suspend', 'delete'],
])('at %s active:false means %s and DELETE means %s', (name, means, deleteMeans) => {
  expect(profileByName(name).deactivate).toMatchObject({ means, deleteMeans });
});
