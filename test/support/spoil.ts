import fc from 'fast-check';

/** Words that programs trip over, beside whatever JSON there is. */
const nasty = fc.oneof(
  fc.constantFrom<unknown>(null, '', '__proto__', 'constructor', 'RUNNING', 'SUCCESS', 'true', 'null', 'NaN', 'a\r\nb\u001b[31m\u2028', -1, 0, 1e308, [], {}),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constant(JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}') as unknown),
); // biome-ignore format: a list

/** A document that was good, with up to three of its values replaced, left out or doubled; and now and then no such document at all. */
export function spoilt(good: unknown): fc.Arbitrary<unknown> {
  const change = fc.record({ at: fc.nat(), how: fc.constantFrom('replace', 'drop', 'double'), value: nasty });
  const changed = fc.array(change, { maxLength: 3 }).map((changes) => {
    const root = { it: structuredClone(good) };
    for (const { at, how, value } of changes) {
      const places = placesIn(root);
      const [holder, key] = places[at % places.length]!;
      if (how === 'double' && Array.isArray(holder)) holder.push(structuredClone(holder[Number(key)]));
      else if (how === 'drop' && !Array.isArray(holder) && holder !== root) delete holder[key];
      else (holder as Record<string, unknown>)[key] = structuredClone(value);
    }
    return root.it;
  });
  return fc.oneof({ weight: 5, arbitrary: changed }, { weight: 1, arbitrary: nasty });
}

type Holder = Record<string, unknown> | unknown[];

/** Every place of a value: what holds it, and under which key. */
function placesIn(value: unknown): [holder: Holder, key: string][] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Holder;
  return Object.entries(holder).flatMap(([key, inner]) => [[holder, key] as [Holder, string], ...placesIn(inner)]);
}

/** Whether anything that was read has changed what all objects have. */
export function isPolluted(): boolean {
  return 'polluted' in {} || 'polluted' in Object;
}
