import * as z from 'zod';
import { policySchema } from '../lib/core/policy-schema.ts';

/** What of JSON Schema the policy's schema uses. */
interface Node {
  description?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  properties?: Record<string, Node>;
  required?: string[];
  additionalProperties?: Node | false;
  items?: Node;
  anyOf?: Node[];
}

interface Section {
  title: string;
  node: Node;
}

const INTRO = `# The keys of a policy

Every key that a policy may have, made from the schema that reads it (\`npm run schema\`). How to begin is in the
[README](../README.md#the-policy), a whole one in [policy.example.yaml](../policy.example.yaml); \`npx dcs-upgrader validate\`
says what is wrong with yours, and where. A value may be \`env:NAME\`: it is then taken from the environment.
`;

/** The reference page: a section for each mapping, a line for each key. */
export function policyPage(): string {
  const root = z.toJSONSchema(policySchema(), { io: 'input' }) as Node;
  const sections = sectionsOf({ title: '', node: root }, new Set());
  return [INTRO, ...sections.map(sectionText)].join('\n');
}

/** The mapping itself, then those below it; what stands in several places is told once. */
function sectionsOf({ title, node }: Section, seen: Set<string>): Section[] {
  const known = nameOf(title, node);
  if (seen.has(known)) return [];
  seen.add(known);
  const below = Object.entries(node.properties ?? {}).flatMap(([key, child]) =>
    mappingsIn(child, title === '' ? key : `${title}.${key}`).flatMap((section) => sectionsOf(section, seen)),
  );
  return [{ title: known, node }, ...below];
}

/** Instances are matched in the same way wherever it is. */
function nameOf(title: string, { properties = {} }: Node): string {
  return 'cacheModes' in properties ? 'match' : title;
}

function mappingsIn(node: Node, title: string): Section[] {
  if (node.properties) return [{ title, node }];
  if (node.items) return mappingsIn(node.items, `${title}[]`);
  if (node.additionalProperties) return mappingsIn(node.additionalProperties, `${title}.NAME`);
  return (node.anyOf ?? []).flatMap((one) => mappingsIn(one, title));
}

function sectionText({ title, node: { properties = {}, required = [] } }: Section): string {
  const heading = title === '' ? '## The policy' : `## \`${title}\``;
  const lines = Object.entries(properties).map(([key, node]) => {
    const must = required.includes(key) ? ' **Required.**' : '';
    return `| \`${key}\` | ${cell(valuesOf(node, title === '' ? key : `${title}.${key}`))} | ${cell(meaningOf(node))}${must} |`;
  });
  return [heading, '', '| key | value | meaning |', '|---|---|---|', ...lines, ''].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function meaningOf(node: Node): string {
  if (node.description === undefined) throw new Error(`a key has no description: ${JSON.stringify(node)}`);
  const simple = typeof node.default === 'number' || typeof node.default === 'string';
  return simple && !/default:/i.test(node.description)
    ? `${node.description} Default: ${node.default}.`
    : node.description;
}

function valuesOf(node: Node, title: string): string {
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum) return node.enum.map((one) => `\`${String(one)}\``).join(', ');
  if (node.anyOf) return [...new Set(node.anyOf.map((one) => valuesOf(one, title)))].join(', or ');
  if (node.type === 'array') return `list of ${valuesOf(node.items ?? {}, `${title}[]`)}`;
  if (node.properties) return link(nameOf(title, node));
  if (node.type === 'object') return `by name: ${valuesOf(node.additionalProperties || {}, `${title}.NAME`)}`;
  return WORDS[node.type ?? ''] ?? 'anything';
}

const WORDS: Partial<Record<string, string>> = {
  string: 'text',
  number: 'number',
  integer: 'whole number',
  boolean: '`true`, `false`',
};

/** As GitHub names the heading. */
function link(title: string): string {
  return `[${title}](#${title.toLowerCase().replace(/[^a-z0-9_-]/g, '')})`;
}
