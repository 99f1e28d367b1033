/** What of package.json is read. */
export interface Manifest {
  name: string;
  version: string;
  license: string;
}

/** What of a package-lock.json (version 3) is read: packages by their place, `node_modules/a/node_modules/b`. */
export interface Lock {
  packages: Record<string, Locked>;
}

interface Locked {
  version?: string;
  license?: string;
  integrity?: string;
  dev?: boolean;
  devOptional?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

interface Component {
  type: 'application' | 'library';
  'bom-ref': string;
  name: string;
  group?: string;
  version: string;
  purl: string;
  licenses: { expression: string }[];
  hashes?: { alg: 'SHA-512'; content: string }[];
}

/** A CycloneDX 1.6 document, as far as it is filled in. */
export interface Sbom {
  bomFormat: 'CycloneDX';
  specVersion: '1.6';
  version: 1;
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

const FOLDER = 'node_modules/';

/** The bill of what production needs: npm's own leaves out what tests need as well, and names it after the folder it lies in. */
export function sbomOf({ name, version, license }: Manifest, { packages }: Lock): Sbom {
  const own = component('application', name, { version, license });
  const used = Object.entries(packages).filter(([place, { dev, devOptional }]) => place !== '' && !dev && !devOptional);
  const components = new Map(used.map(([place, locked]) => [place, component('library', nameOf(place), locked)]));
  const refOf = (place: string) => (place === '' ? own : components.get(place)!)['bom-ref'];
  const dependencies = ['', ...components.keys()].map((place) => {
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = packages[place]!;
    const wanted = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    const found = wanted.map((one) => placeOf(components, place, one)).filter((one) => one !== null);
    return { ref: refOf(place), dependsOn: [...new Set(found.map(refOf))].sort() };
  });
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: own },
    components: [...components.values()],
    dependencies,
  };
}

/** Where `name` is found from `place`: beside it, or in a folder further up. Null: it is not needed, such as a peer that is optional. */
function placeOf(known: ReadonlyMap<string, unknown>, place: string, name: string): string | null {
  for (let from = place; ; from = from.slice(0, Math.max(0, from.lastIndexOf(`/${FOLDER}`)))) {
    const there = `${from === '' ? '' : `${from}/`}${FOLDER}${name}`;
    if (known.has(there)) return there;
    if (from === '') return null;
  }
}

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf(FOLDER) + FOLDER.length);
}

function component(
  type: Component['type'],
  fullName: string,
  { version = '', license = '', integrity }: Locked,
): Component {
  const [group, name] = fullName.startsWith('@') ? fullName.split('/', 2) : [undefined, fullName];
  const purl = `pkg:npm/${fullName.replace('@', '%40')}@${version}`;
  return {
    type,
    'bom-ref': purl,
    name: name!,
    ...(group === undefined ? {} : { group }),
    version,
    purl,
    licenses: [{ expression: license }],
    ...(integrity ? { hashes: [{ alg: 'SHA-512', content: hexOf(integrity) }] } : {}),
  };
}

/** The lock says `sha512-` and base64. */
function hexOf(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex');
}
