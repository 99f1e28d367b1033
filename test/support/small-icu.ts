/**
 * Loaded before a program (`--import`), makes this Node answer as one that was built with a small ICU: it knows English
 * alone, and whatever else is asked for it answers in that. The Node of this project has all of ICU compiled in and looks
 * there first: `--icu-data-dir` and NODE_ICU_DATA can add to it and take nothing away, so this is as near as it gets.
 * Time zones are not changed, as a small ICU has them all.
 */
const ENGLISH = 'en-US';

function known(locales: unknown): string[] {
  return [locales ?? []].flat().filter((one): one is string => /^en\b/i.test(String(one)));
}

/** The arguments of whatever takes locales as its nth one. */
function inEnglish(all: unknown[], nth: number): unknown[] {
  const changed = [...all];
  changed[nth] = known(all[nth])[0] ?? ENGLISH;
  return changed;
}

type Formatter = (new (...all: unknown[]) => object) & ((...all: unknown[]) => unknown);
const intl = Intl as unknown as Record<string, Formatter>;
for (const name of ['Collator', 'DateTimeFormat', 'ListFormat', 'NumberFormat', 'PluralRules', 'RelativeTimeFormat']) {
  intl[name] = new Proxy(intl[name]!, {
    construct: (target, all, derived) => Reflect.construct(target, inEnglish(all, 0), derived),
    apply: (target, self, all) => Reflect.apply(target, self, inEnglish(all, 0)),
    get: (target, key) => (key === 'supportedLocalesOf' ? known : Reflect.get(target, key)),
  });
}

const METHODS: [prototype: object, name: string, locales: number][] = [
  [Date.prototype, 'toLocaleString', 0],
  [Date.prototype, 'toLocaleDateString', 0],
  [Date.prototype, 'toLocaleTimeString', 0],
  [Number.prototype, 'toLocaleString', 0],
  [String.prototype, 'localeCompare', 1],
];
for (const [prototype, name, nth] of METHODS) {
  const real = Reflect.get(prototype, name) as (...all: unknown[]) => unknown;
  Object.defineProperty(prototype, name, {
    value: function localized(this: unknown, ...all: unknown[]) {
      return Reflect.apply(real, this, inEnglish(all, nth));
    },
  });
}
