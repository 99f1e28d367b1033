import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';

export interface Template {
  Resources: Record<string, Resource>;
}

export interface Resource {
  Type: string;
  // A template is whatever JSON it is; each test knows what it looks for.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  Properties?: any;
  [attribute: string]: unknown;
}

/** A type of the CloudFormation registry, as far as it is looked at here. */
interface Shape {
  type: string;
  element?: Shape;
  types?: Shape[];
  reference?: { $ref: string };
}

interface Fields {
  [name: string]: { type: Shape; required?: boolean };
}

/** What may stand beside the properties of a resource (CloudFormation user guide, resource attributes). */
const ATTRIBUTES = [
  'Type',
  'Properties',
  'DependsOn',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  'Condition',
  'Metadata',
];

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `{ Ref: … }` and `{ 'Fn::…': … }` become anything when the stack is made. */
function isIntrinsic(value: unknown): boolean {
  const [name, ...more] = isObject(value) ? Object.keys(value) : [];
  return more.length === 0 && (name === 'Ref' || name?.startsWith('Fn::') === true);
}

const IS: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  json: (value) => isObject(value) || typeof value === 'string',
  map: isObject,
  tag: isObject,
};

let loaded: ReturnType<typeof loadAwsServiceSpec> | undefined;

/** Everything in a template that CloudFormation's own schema does not know, wants otherwise, or misses: a line each. */
export async function templateProblems({ Resources }: Template): Promise<string[]> {
  loaded ??= loadAwsServiceSpec();
  const registry = await loaded;
  const fieldsOf = (ref: string): Fields => registry.get('typeDefinition', ref).properties as unknown as Fields;

  function problemsOf(value: unknown, shape: Shape, path: string): string[] {
    if (isIntrinsic(value)) return [];
    if (shape.type === 'union') {
      const each = (shape.types ?? []).map((one) => problemsOf(value, one, path));
      return each.some((problems) => problems.length === 0) ? [] : (each[0] ?? []);
    }
    if (shape.type === 'array') {
      if (!Array.isArray(value)) return [`${path} must be a list`];
      return value.flatMap((item, index) => problemsOf(item, shape.element!, `${path}[${index}]`));
    }
    if (shape.type === 'ref') return fieldProblems(value, fieldsOf(shape.reference!.$ref), path);
    if (!IS[shape.type]) return [`${path} has a type that this check does not know: ${shape.type}`];
    return IS[shape.type]!(value) ? [] : [`${path} must be of the type ${shape.type}`];
  }

  function fieldProblems(value: unknown, fields: Fields, path: string): string[] {
    if (!isObject(value)) return [`${path} must be an object`];
    const missing = Object.keys(fields).filter((name) => fields[name]!.required && value[name] === undefined);
    const present = Object.entries(value).flatMap(([name, inner]) => {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      return field ? problemsOf(inner, field.type, `${path}.${name}`) : [`${path}.${name} is not known`];
    });
    return [...missing.map((name) => `${path}.${name} is missing`), ...present];
  }

  return Object.entries(Resources).flatMap(([name, resource]) => {
    const [type] = registry.lookup('resource', 'cloudFormationType', 'equals', resource.Type);
    if (!type) return [`${name}: there is no resource type ${resource.Type}`];
    const odd = Object.keys(resource).filter((attribute) => !ATTRIBUTES.includes(attribute));
    const fields = type.properties as unknown as Fields;
    return [
      ...odd.map((one) => `${name}.${one} is not known`),
      ...fieldProblems(resource.Properties ?? {}, fields, name),
    ];
  });
}

export interface Statement {
  actions: string[];
  on: string[];
  /** The only partitions of a table that may be touched; absent: all. */
  keys?: string[];
  /** The condition of the template under which it is there at all; absent: always. */
  when?: string;
}

/** What a role may do, intrinsics written as short texts: `Table.Arn`, `{Table.Arn}/index/*`. */
export function permissionsOf({ Properties }: Resource): Statement[] {
  const statements: unknown[] = (Properties.Policies ?? []).flatMap(
    (policy: { PolicyDocument: { Statement: unknown[] } }) => policy.PolicyDocument.Statement,
  );
  return statements.map((statement) => {
    const [when, one, otherwise] = choiceOf(statement);
    if (otherwise && JSON.stringify(otherwise) !== '{"Ref":"AWS::NoValue"}') throw new Error('not a plain choice');
    const { Effect, Action, Resource: on, Condition, ...more } = one;
    const keys = Condition && keysIn(Condition);
    if (Effect !== 'Allow' || keys === null || Object.keys(more).length > 0) throw new Error('not a plain statement');
    const allowed = { actions: [Action].flat().map(String), on: [on].flat().map(arnText) };
    return { ...allowed, ...(keys ? { keys } : {}), ...(when ? { when } : {}) };
  });
}

interface Written {
  Effect: string;
  Action: unknown;
  Resource: unknown;
  Condition?: object;
}

/** The condition of the template, the statement, and what stands there without the condition. */
function choiceOf(statement: unknown): [when: string | undefined, one: Written, otherwise?: unknown] {
  const { 'Fn::If': choice } = statement as { 'Fn::If'?: [string, Written, unknown] };
  return choice ?? [undefined, statement as Written];
}

/** Null: another condition than the one that is known here. */
function keysIn(condition: object): string[] | null {
  const found = JSON.stringify(condition).match(/^{"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":(\[.*\])}}$/);
  return found ? JSON.parse(found[1]!) : null;
}

function arnText(arn: unknown): string {
  if (!isObject(arn)) return String(arn);
  if ('Fn::Split' in arn) return 'a list';
  const [value] = Object.values(arn);
  return Array.isArray(value) ? value.join('.') : String(value).replaceAll('${', '{');
}
