import { globMatches } from './glob.ts';
import type { Instance } from './instance.ts';
import type { Match } from './policy.ts';

/** What is kept of an instance where something is told of it: enough to know who wants to hear it. */
export type Subject = Pick<Instance, 'instanceId' | 'name' | 'region' | 'enterpriseProjectId' | 'tags'>;

/** The keys of a match that a subject can be held against. */
export type SubjectMatch = Pick<Match, 'id' | 'name' | 'region' | 'enterpriseProject' | 'tags'>;

/** Whether all given keys hold; a match without keys holds for every instance. */
export function matchesSubject(match: SubjectMatch, subject: Subject): boolean {
  for (const { key, read } of FIELDS) if (!fits(match[key], read(subject))) return false;
  for (const key in match.tags)
    if (!fits(match.tags[key], Object.hasOwn(subject.tags, key) ? subject.tags[key]! : null)) return false;
  return true;
}

const FIELDS: readonly { key: Exclude<keyof SubjectMatch, 'tags'>; read(subject: Subject): string }[] = [
  { key: 'name', read: ({ name }) => name },
  { key: 'id', read: ({ instanceId }) => instanceId },
  { key: 'region', read: ({ region }) => region },
  { key: 'enterpriseProject', read: ({ enterpriseProjectId }) => enterpriseProjectId },
];

/** A key that is not given asks nothing; a value that is not there fits no pattern. */
export function fits(patterns: readonly string[] | null | undefined, value: string | null): boolean {
  return !patterns || (value !== null && patterns.some((pattern) => globMatches(pattern, value)));
}
