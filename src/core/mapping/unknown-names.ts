import { URN } from '../scim.ts';
import type { ScimPath } from '../scim-path.ts';
import { attributeNames, attributeShape } from '../scim-schema.ts';
import type { MappingProblem } from './compile-line.ts';
import type { CompiledMapping } from './compile-mapping.ts';
import { nearestName } from './nearest-name.ts';
import { isKnownSource, sourceNames } from './source-attributes.ts';

/**
 * What a mapping names that no schema knows. It may be right (a directory extension, an attribute of a provider's own),
 * so it is a warning; more often it is a slip of the pen that would otherwise show with the first account, or never.
 */
export function unknownNames(mapping: CompiledMapping): readonly MappingProblem[] {
  return mapping.lines.flatMap(({ index, path, selects }) => {
    const target = unknownTarget(path);
    const sources = selects.filter((name) => !isKnownSource(name)).map((name) => unknownSource(name));
    return [...(target === undefined ? [] : [target]), ...sources].map((message) => ({ index, message }));
  });
}

function suggestion(name: string, known: Iterable<string>): string {
  const near = nearestName(name, known);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** Sub-attributes are checked where a line is compiled; about schemas of others nothing is known. */
function unknownTarget({ urn, attribute }: ScimPath): string | undefined {
  if (urn !== null && urn !== URN.enterpriseUser) return undefined;
  if (attributeShape(urn, attribute) !== undefined) return undefined;
  const schema = urn === null ? 'RFC 7643 has no user attribute' : 'the enterprise extension has no attribute';
  return `${schema} "${attribute}"${suggestion(attribute, attributeNames(urn))}`;
}

function unknownSource(name: string): string {
  return `Microsoft Graph has no user attribute "${name}" that Headgate knows of${suggestion(name, sourceNames())}`;
}
